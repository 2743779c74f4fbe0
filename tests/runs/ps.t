#!/bin/sh
# leakwatch ps: preloaded processes are listed, those that do not answer are named, the dead are not.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
plan 15

hosts=$build/tests/hosts

# --- watchers made for the test ---------------------------------------------------------------------

# Sets $pid to a fake watcher that listens.
fake() {
	start "$hosts/fakewatcher" "$1"
	wait_for 10 grep -q ready "$scratch/$pid.out" || diag "no fake watcher: $1"
}

fake good
good=$pid
fake nonsense
nonsense=$pid
fake silent
silent=$pid
fake good
dead=$pid
kill -KILL "$dead"
wait "$dead" 2>/dev/null

run "$leakwatch" ps
is 'it succeeds' "$status $err" '0 '
like 'there is a heading' "$(echo "$out" | head -n 1)" \
	'^ +PID  PROGRAM +THREADS +BLOCKED +OLDEST WAIT +DUMPS$'
like 'a process is a line, and no terminal obeys its name' "$out" \
	"^ *$good  fake \\? +2001 +2000 +5 min 3 s +7\$"
like 'a watcher that says nothing is named' "$out" "^ *$silent  fakewatcher +not answering\$"
like 'one that answers nonsense too' "$out" "^ *$nonsense  fakewatcher +answers nonsense\$"
unlike 'a dead process is not listed' "$out" "^ *$dead "
ok 'its socket is removed' test ! -e "$LEAKWATCH_DIR/$dead.sock"
ok 'the others are not' test -S "$LEAKWATCH_DIR/$silent.sock"
is 'numbers end in one column' "$(echo "$out" | grep -E "PID|^ *$good " | awk '{print length}' | uniq | wc -l)" 1

# --- nobody -----------------------------------------------------------------------------------------

# For a user of its own, because root sees everybody's processes.
if [ "$(id -u)" -eq 0 ]; then
	mkdir "$scratch/bin"
	cp "$leakwatch" "$scratch/bin"
	chmod 711 "$scratch"
	run env -u LEAKWATCH_DIR setpriv --reuid=61999 --clear-groups "$scratch/bin/leakwatch" ps
	is 'without any, it says so and exits with 1' "$status $out $err" \
		'1  leakwatch: ps: no process runs with libleakwatch.so'
else
	skip 'without any, it says so and exits with 1' 'needs root to become another user'
fi

# --- arguments --------------------------------------------------------------------------------------

run "$leakwatch" ps --json
is 'an unknown option' "$status $out $err" "2  leakwatch ps: unrecognized option '--json'"
run "$leakwatch" ps 1
like 'an argument' "$status $err" '^2 leakwatch: ps: unexpected argument 1'
run "$leakwatch" ps --help
like '--help' "$status $out" '^0 Usage: leakwatch ps'

# --- a real process ---------------------------------------------------------------------------------

start "$leakwatch" run --dir="$scratch/elsewhere" "$hosts/parked" 5
listed() { "$leakwatch" ps | grep -Eq "^ *$pid  parked +6 +6 +[0-9]+ m?s +[0-9]+\$"; }
ok 'a process under the shim is listed, wherever its directory is' wait_for 20 listed
kill -TERM "$pid"
wait "$pid" 2>/dev/null
run "$leakwatch" ps
unlike 'and no longer when it has ended' "$out" "^ *$pid "
