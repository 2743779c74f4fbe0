#!/bin/sh
# After an exec, by the main thread or another, the program is watched anew under the same process id: its first dump is
# number 1 and knows nothing of what ran before.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs jq
plan 17

hosts=$build/tests/hosts

is_now() { # COMM
	[ "$(cat "/proc/$pid/comm")" = "$1" ]
}

becomes() { # WHO
	start "$leakwatch" run -- "$hosts/execs" "$1" "$hosts/parked" 5
	wait_for 20 grep -q ready "$scratch/$pid.out"
	ok "$1: the first program is dumped" wait_for 20 dump "$pid"
	is "$1: with its threads" "$(json .totals.threads)" 4
	kill -USR1 "$pid"
	ok "$1: another program takes its place" wait_for 20 is_now parked
	ok "$1: it is watched" wait_for 20 settled "$pid"
	is "$1: from its own beginning" "$(json '"\(.process.pid) \(.totals.threads) \(.totals.started)"')" "$pid 6 5"
	is "$1: it has every thread" "$(dumped)" "$(tids "$pid")"
	like "$1: its dumps begin with number 1" "$(ls "$LEAKWATCH_DIR")" "^parked-$pid-[0-9]+-000001.dump\$"
	stop "$pid"
	is "$1: it ends as ever" "$status" 143
}

becomes main
becomes thread

# shellcheck disable=SC2016 # for that shell
run "$leakwatch" run --at-exit -- sh -c 'exec "$0" -n=3' "$build/demos/leaklab"
is 'a shell that becomes a program with threads leaves its dump alone' \
	"$status $(find "$LEAKWATCH_DIR" -name 'leaklab-*.dump' | wc -l) $(find "$LEAKWATCH_DIR" -name 'sh-*' | wc -l)" '0 1 0'
