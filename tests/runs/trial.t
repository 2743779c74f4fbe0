#!/bin/sh
# leakwatch run --fail-on with more than one process: children that outlive the program, runners that run tests side by
# side, programs that become others; and what is kept when a process could not be judged.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
plan 27

hosts=$build/tests/hosts
leaklab=$build/demos/leaklab
mkdir "$scratch/tmp"
export TMPDIR="$scratch/tmp" LEAKWATCH_EXIT_GRACE=0.2
trial() { run "$leakwatch" run --fail-on=leak -- "$@"; }
accused() { printf '%s\n' "$err" | grep -c ', at exit$'; }
left_behind() { ls "$TMPDIR"; }

# --- children that outlive the program --------------------------------------------------------------

trial "$hosts/exits" outlive
is 'a child that outlives its parent is waited for' "$status $(accused)" '1 1'
like 'and named' "$err" "exits, process $out, at exit\$"
is 'nothing is left behind' "$(left_behind)" ''

trial "$hosts/exits" daemon
own "$out"
is 'a daemon is not waited for' "$status" 0
like 'which is said' "$err" "^leakwatch: run: process $out \\(exits\\) still runs: not judged\$"
like 'its directory is kept' "$err" "^leakwatch: run: $TMPDIR/leakwatch-run\\.[A-Za-z0-9]* is kept\$"
ok 'for it' "$leakwatch" dump "$out"
kill -KILL "$out"
rm -r "$TMPDIR"/leakwatch-run.*

# --- runners ----------------------------------------------------------------------------------------

mkdir "$scratch/suite"
for number in 1 2 3 4; do
	printf '#!/bin/sh\n%s -n=3 -mode=fix-recv >&2\necho 1..1\necho ok 1\n' "$leaklab" >"$scratch/suite/$number.t"
done
chmod +x "$scratch/suite"/*.t
if command -v prove >/dev/null; then
	trial prove -j 4 --exec '' "$scratch/suite"
	like 'prove -j: tests without leaks pass' "$status $out" '^0 .*ok$'
	is 'prove -j: nobody is accused' "$(accused)" 0
	sed -i 's/fix-recv/leak-recv/' "$scratch/suite/3.t"
	trial prove -j 4 --exec '' "$scratch/suite"
	is 'prove -j: one that leaks fails the run' "$status $(accused)" '1 1'
else
	for what in passes accused fails; do skip "prove -j: $what" 'prove is not installed'; done
fi
if command -v make >/dev/null; then
	printf 'all: a b c d\na b c:\n\t@%s -n=3 -mode=fix-recv\nd:\n\t@%s -n=3 -mode=leak-recv\n' \
		"$leaklab" "$leaklab" >"$scratch/Makefile"
	trial make -j 4 -f "$scratch/Makefile" a b c
	is 'make -j: nothing leaks' "$status $(accused)" '0 0'
	trial make -j 4 -f "$scratch/Makefile"
	is 'make -j: one target leaks' "$status $(accused)" '1 1'
else
	for what in none one; do skip "make -j: $what" 'make is not installed'; done
fi
trial "$hosts/exits" server
is 'a fork server: the child that leaks is accused' "$status $(accused)" '1 1'

# --- programs that become others --------------------------------------------------------------------

# shellcheck disable=SC2016 # for that shell
trial sh -c 'exec "$0" -n=3 -mode=leak-recv' "$leaklab"
is 'a shell that becomes a program that leaks' "$status $(accused)" '1 1'

becomes() { # NAME MODE WANTED
	start "$leakwatch" run --fail-on=leak --interval=0.02 -- "$hosts/execs" thread "$leaklab" -n=3 -mode="$2"
	wait_for 20 grep -q ready "$scratch/$pid.out"
	ok "$1: dumped before" wait_for 20 sh -c "ls '$TMPDIR'/leakwatch-run.*/execs-*-000005.dump"
	kill -USR1 "$pid"
	wait "$pid"
	is "$1" "$? $(grep -c ', at exit$' "$scratch/$pid.err")" "$3"
}
becomes 'a program with threads that becomes one that leaks' leak-recv '1 1'
becomes 'a program with threads that becomes one that does not' fix-recv '0 0'

# As a process does that becomes another in the middle of a dump.
# shellcheck disable=SC2016 # for that shell
trial sh -c ': >"$LEAKWATCH_DIR/.sh-1-1-000001.dump"'
is 'a dump that was left unfinished goes with the rest' "$status $(left_behind)" '0 '

# --- exit codes -------------------------------------------------------------------------------------

# shellcheck disable=SC2016 # for that shell
trial sh -c '"$0" -n=3 -mode=leak-recv; exit 7' "$leaklab"
is "a failure of its own goes before a leak, which is told all the same" "$status $(accused)" '7 1'
# shellcheck disable=SC2016 # for that shell
trial sh -c 'kill -SEGV $$'
is 'a signal' "$status" 139
trial "$scratch/nothing"
is 'what cannot be run' "$status" 2
run env TMPDIR="$scratch/no/such" "$leakwatch" run --fail-on=leak -- true
like 'no place for dumps' "$status $err" '^2 leakwatch: run: cannot make a directory in '
is 'nothing is left behind of all this' "$(left_behind)" ''

# --- checks of a program that dies ------------------------------------------------------------------

trial "$hosts/api" abort
is 'a check, then abort()' "$status $out" '134 left 1'
like 'its dumps are kept' "$err" "^leakwatch: run: $TMPDIR/leakwatch-run\\.[A-Za-z0-9]* is kept\$"
run "$leakwatch" report --json "$TMPDIR"/leakwatch-run.*
like 'for a report' "$status $out" '"reason": *"check"'
