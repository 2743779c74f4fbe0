#!/bin/sh
# A thread that is joined or detached is not reported as unjoined, however early or late that happens; one
# that is not, is. And joins name the thread that they are for.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
joins=$build/tests/hosts/joins
export LEAKWATCH_INTERVAL=0 LEAKWATCH_AT_EXIT=1
plan 6

# The header's value of a key in the newest dump.
total() {
	sed -n "s/^# totals .*\<$1=\([0-9]*\).*/\1/p" "$LEAKWATCH_DIR"/joins-*.dump
}

run env LD_PRELOAD="$shim" "$joins"
is 'the program ends well' "$status" 0
is 'no thread of it is left unjoined' "$(total unjoined)" 0
is 'all were seen to start' "$(total started)" 2700
rm -f "$LEAKWATCH_DIR"/joins-*.dump

run env LD_PRELOAD="$shim" "$joins" 7
is 'seven that are left are seven' "$(total unjoined)" 7
rm -f "$LEAKWATCH_DIR"/joins-*.dump

# On one processor a creator comes back before its thread has run.
if command -v taskset >/dev/null; then
	run taskset 1 env LD_PRELOAD="$shim" "$joins" 3
	is 'the same on one processor' "$(total unjoined)" 3
else
	skip 'the same on one processor' 'taskset is not installed'
fi

start env LD_PRELOAD="$shim" "$joins" wait
waits_in_join() {
	"$leakwatch" dump -o "$scratch/dump" "$pid" && grep -q ' wait=join ' "$scratch/dump"
}
wait_for 10 waits_in_join
like 'a join begun before its thread ran names the thread' "$(cat "$scratch/dump")" \
	"^1 $pid [0-9]+ [0-9]+ thread:2 "
