#!/bin/sh
# gdb, as an oracle, sees the same stacks: of every parked thread, each address and, where gdb knows one, each name. And
# the comparison finds a difference where there is one.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs gdb jq
plan 15

oracle=$(dirname "$0")/../oracle

compare() { # NAME THREADS
	run "$oracle/gdb-compare.sh" "$leakwatch" "$pid" "$scratch/oracle"
	is "$1: gdb sees the same stacks" "$status" 0
	diag "$out"
	is "$1: of all threads" "$(printf '%s\n' "$out" | awk '/^parked threads:/ { print $5 + $NF }')" "$2"
	stop "$pid"
	is "$1: the program ends as ever" "$status" "$3"
}

for mode in recv send ticker; do
	start "$leakwatch" run -- "$build/demos/leaklab" -mode="leak-$mode" -n=40 -hold=100s
	wait_for 20 grep -q '^\[end\]' "$scratch/$pid.out"
	case $mode in
	ticker) compare "leak-$mode" 2 0 ;;
	*) compare "leak-$mode" 41 0 ;;
	esac
done

start "$leakwatch" run -- "$build/tests/hosts/parked" 8
wait_for 20 grep -q ready "$scratch/$pid.out"
compare parked 9 143

# --- the oracle itself ------------------------------------------------------------------------------

cd "$scratch/oracle" || exit 1
again() {
	"$oracle/gdb-compare.py" before.dump now.dump now.json "$1"
}
case $oracle in
/*) ;;
*) oracle=$OLDPWD/$oracle ;;
esac
awk '$1 == "frame" && $6 == "park" && !done { $3 = "0x123"; done = 1 } { print }' gdb.txt >address
run again address
is 'the oracle finds another address' "$status $(printf '%s\n' "$out" | grep -c 'parked thread .* addresses equal')" '1 1'
sed 's/ park$/ other/' gdb.txt >name
run again name
is 'another name' "$status $(printf '%s\n' "$out" | grep -c "we say .*park.*, gdb .*other")" '1 8'
grep -v "^frame $pid " gdb.txt >thread
run again thread
is 'a missing thread' "$status $(printf '%s\n' "$out" | grep -c 'gdb does not have it')" '1 1'
