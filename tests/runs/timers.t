#!/bin/sh
# Every timer that is alive is in the report, with who made it, its period, overruns and the thread that it
# notifies; deleted and closed ones are not. A child of fork has the timerfds and nothing else.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

command -v jq >/dev/null || skip_all 'jq is not installed'
export DEBUGINFOD_URLS=
tab=$(printf '\t')

# One line a timer: kind, creating function, period, notify, server, overruns, object.
timers_of() { # PID
	"$leakwatch" dump -o "$scratch/dump" "$1" >/dev/null &&
		"$leakwatch" report --json "$scratch/dump" >"$scratch/json" &&
		jq -r '.timers[] | . as $group | .timers[] | [$group.kind,
			([$group.created_by[].function // "" | select(startswith("make_"))] | first // "-"),
			.period_ns, .notify, .server // "none", .overruns // -1, .object] | @tsv' \
			"$scratch/json" >"$scratch/found"
}

found_once() { # KIND FUNCTION PERIOD NOTIFY SERVER OVERRUNS OBJECT
	awk -F '\t' -v kind="$1" -v creator="$2" -v period="$3" -v notify="$4" -v server="$5" \
		-v overruns="$6" -v object="$7" '
		$1 == kind && $2 == creator && $3 == period && $4 == notify && (overruns < 0 ? $6 < 0 : $6 >= overruns + 0) &&
			$7 ~ ("^" object "$") &&
			(server == "any" ? $5 ~ /^[0-9]+$/ : $5 == server) { count++ }
		$2 == creator { print }
		END { exit count != 1 }' "$scratch/found"
}

lines_test() { # PREFIX FILE
	while IFS="$tab" read -r kind creator period notify server overruns object; do
		ok "$1 $kind $creator" found_once "$kind" "$creator" "$period" "$notify" "$server" \
			"$overruns" "$object"
	done <"$2"
}

gone_of() { # FUNCTION: "created deleted" at its creation stack
	"$leakwatch" report --json "$scratch/dump" | jq -r --arg function "$1" '.timers[] |
		select(any(.created_by[]; .function == $function)) | "\(.created) \(.deleted)"'
}

plan 28
start "$leakwatch" run "$build/tests/hosts/alltimers"
wait_for 20 grep -q '^child' "$scratch/$pid.out" || diag "$(cat "$scratch/$pid.err")"
sed '/^ready$/,$d' "$scratch/$pid.out" >"$scratch/expected"
sed '1,/^ready$/d; /^child/d' "$scratch/$pid.out" >"$scratch/child-expected"
child=$(sed -n 's/^child //p' "$scratch/$pid.out")

wait_for 20 timers_of "$pid"
lines_test 'there is' "$scratch/expected"
is 'and no other timer' "$(wc -l <"$scratch/found")" "$(wc -l <"$scratch/expected")"
is 'deleted ones are counted at their creator' \
	"$(grep -c ' timer_create 5 5 ' "$scratch/dump")" 1
is 'a closed one is counted too, with its copy as one' \
	"$(grep -c ' timerfd 1 1 ' "$scratch/dump")" 2
is 'a copied one is one' "$(gone_of make_fcntl)" '1 0'
timers_of "$pid"
is 'the next dump finds the same' "$(wc -l <"$scratch/found")" "$(wc -l <"$scratch/expected")"

wait_for 20 timers_of "$child"
lines_test 'a child has' "$scratch/child-expected"
is 'and no other timer' "$(wc -l <"$scratch/found")" "$(wc -l <"$scratch/child-expected")"
