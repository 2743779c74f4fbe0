#!/bin/sh
# leakserver under the shim: each fault's leaked threads are one group that its handler's worker names;
# with the fixes nothing is left after the requests.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs curl jq
plan 14

requests=4

serve() {
	start "$leakwatch" run -- "$build/demos/leakserver" "$@"
	wait_for 20 grep -q listening "$scratch/$pid.out" || diag 'leakserver does not listen'
	address=$(sed -n 's/^listening on //p' "$scratch/$pid.out")
}

ask() { # PATH
	curl -s -m "${2:-5}" -o "$scratch/body" -w '%{http_code}\n' "http://$address$1"
}

# The statuses of some requests. A client of the stuck query gives up by itself.
ask_often() {
	for _ in $(seq "$requests"); do
		case $1 in
		/query) ask "$1" 0.2 ;;
		*) ask "$1" ;;
		esac
	done | sort -u | xargs
}

# The groups with a stack through FUNCTION, as "COUNT WAIT" and the functions of the program in it.
groups_through() { # FUNCTION
	json ".groups[] | select(any(.stack[]; .function == \"$1\")) | \"\(.count) \(.wait) \" +
		([.stack[] | select(.module | endswith(\"leakserver\")) | .function] | join(\" \"))"
}

found() { # FUNCTION REGEX
	dump "$pid" && groups=$(groups_through "$1") && [ -n "$groups" ] &&
		! printf '%s\n' "$groups" | grep -Evq "$2"
}

fault() { # NAME PATH STATUSES FUNCTION GROUP
	is "$1: the requests are answered" "$(ask_often "$2")" "$3"
	ok "$1: its threads are named" wait_for 20 found "$4" "$5"
	diag "$(groups_through "$4")"
}

serve
fault result /result 504 result_worker "^$requests cond_wait (.* )?channel_send result_worker\$"
fault query /query 000 query_serve "^$requests recv (.* )?query_serve "
fault fanout /fanout 502 fanout_worker "^$((2 * requests)) cond_wait (.* )?channel_send fanout_worker\$"
fault pool /pool 502 pool_worker "^$((3 * requests)) cond_wait channel_receive pool_worker\$"
fault slow-worker /slow 200 slow_worker "^$requests nanosleep (.* )?slow_worker\$"
stop "$pid"
is 'it ends as without the shim' "$status" 0

serve -fix=all
for path in /result /query /fanout /pool /slow; do
	ask_often "$path" >/dev/null
done
none_left() {
	dump "$pid" && [ "$(json '[.groups[].stack[] | .function // "" |
		select(test("_worker$|_serve$"))] | length')" = 0 ]
}
ok 'fixed, nothing is left of any request' wait_for 20 none_left
is 'but the server' "$(json .totals.threads)" "$(tids "$pid" | wc -l)"
stop "$pid"
is 'it ends as without the shim' "$status" 0
