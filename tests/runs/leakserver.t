#!/bin/sh
# leakserver by itself: each fault leaves threads behind with every request, its fix leaves none, and
# the service answers all the while and stops when told to.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
plan 45

requests=20

listening() { grep -q '^listening on 127\.0\.0\.1:[0-9]*$' "$scratch/$pid.out"; }

serve() { # ARGUMENT...: sets $url and $base, the number of threads at rest
	start "$build/demos/leakserver" "$@"
	wait_for 10 listening || diag "it does not listen: $(cat "$scratch/$pid.err")"
	url=http://$(sed -n 's/^listening on //p' "$scratch/$pid.out")
	base=$(get threads)
}

get() {
	curl -s --max-time 5 "$url/$1"
}

load() { # PATH: sends the requests, 10 at a time; their clients go away after half a second
	seq "$requests" | xargs -P 10 -I '{}' curl -s --max-time 0.5 -o "$scratch/page" "$url/$1"
}

has_threads() { [ "$(get threads)" -eq "$1" ]; }

stop() { # NAME
	kill -TERM "$pid"
	wait "$pid"
	is "$1: SIGTERM ends it with 0" $? 0
}

# --- the faults, and each with its fix --------------------------------------------------------------

check_fault() { # NAME PATH THREADS: leaked by each request
	serve
	load "$2"
	# Longer than any worker works (200 ms): those that are there now are there to stay.
	sleep 0.5
	ok "$1: leaks $3 with each request" wait_for 10 has_threads $((base + requests * $3))
	is "$1: answers all the while" "$(get healthz)" ok
	stop "$1"

	serve -fix="$1"
	load "$2"
	ok "$1 fixed: leaks none" wait_for 10 has_threads "$base"
	is "$1 fixed: answers" "$(get healthz)" ok
	stop "$1 fixed"
}

check_fault slow-worker slow 1
check_fault result result 1
check_fault query query 1
check_fault fanout fanout 2
check_fault pool pool 3

# --- all together -----------------------------------------------------------------------------------

serve --port 0 --fix all
for path in slow result query fanout pool; do
	load $path
done
ok 'all fixed: leaks none' wait_for 10 has_threads "$base"
stop 'all fixed'

# --- pages ------------------------------------------------------------------------------------------

code() { curl -s --max-time 5 -o "$scratch/page" -w '%{http_code}' "$@"; }

serve -fix=result,pool
like '/ lists the faults' "$(get '')" '^/slow .*\(not fixed\)$'
like '/ lists the fixes' "$(get '')" '^/pool .*\(fixed\)$'
is 'an unknown page' "$(code "$url/nothing")" 404
is 'another method' "$(code -X POST -d x=1 "$url/slow")" 405
is 'the failure is told' "$(code "$url/fanout")" 502
is 'the missed deadline is told' "$(code "$url/result")" 504
run "$build/demos/leakserver" -port="${url##*:}"
like 'a port in use' "$status $err" '^1 leakserver: cannot listen on 127\.0\.0\.1:[0-9]+: Address'
stop 'pages'

# --- the command line -------------------------------------------------------------------------------

refused() { # NAME WANTED ARGUMENT...
	refused_name=$1 refused_regex=$2
	shift 2
	run "$build/demos/leakserver" "$@"
	like "$refused_name" "$status $(printf '%s\n' "$err" | wc -l)$out $err" "^2 1 .*$refused_regex"
}

refused 'an unknown flag' "unrecognized option '-colour'" -colour
refused 'an unknown fault' 'fix: "leak" is not the name of a fault' -fix=pool,leak
refused 'a port too high' 'port: "65536" is not a whole number' -port=65536
refused 'an argument' 'unexpected argument "all"' all

run "$build/demos/leakserver" --help
like '--help' "$status$err $out" '^0 usage: leakserver '
