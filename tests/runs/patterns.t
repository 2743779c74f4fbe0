#!/bin/sh
# Eight of the programs of tests/patterns/, as make accuracy judges all of them: found when leaking, silent when fixed.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs python3
plan 8

judge() { # NAME: found over time, and nothing false; one dump may miss it
	LEAKWATCH_BUILD=$build "$(dirname "$0")/../accuracy/accuracy.py" -n -q -j 2 "$1" >"$scratch/$1.said"
	cat "$scratch/$1.said"
	grep -q '^met .*found over time' "$scratch/$1.said" && ! grep -q '^FALSE' "$scratch/$1.said"
}

for name in unclosed-range lock-order owner-exited forgotten-join timer-per-request write-under-lock \
	silent-clients cxx-queue-unclosed; do
	ok "$name" judge "$name"
done
