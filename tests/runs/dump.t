#!/bin/sh
# leakwatch dump: a dump is taken now; with -o its file appears whole or not at all.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
plan 32

hosts=$build/tests/hosts
cd "$scratch" || exit 1
umask 022

# Sets $pid to a fake watcher that listens.
fake() {
	start "$hosts/fakewatcher" "$1"
	wait_for 10 grep -q ready "$scratch/$pid.out" || diag "no fake watcher: $1"
}

# --- delivery ---------------------------------------------------------------------------------------

fake good
run "$leakwatch" dump "$pid"
is 'it prints where the dump is' "$status $out$err" "0 $LEAKWATCH_DIR/fake-$pid-8812-000001.dump"

run "$leakwatch" dump -o file "$pid"
is '-o prints the file' "$status $out$err" '0 file'
is 'the dump is in it' "$(cat file)" 'fake dump'
is 'for the user alone' "$(stat -c %a file)" 600

echo old >old
chmod 644 old
run "$leakwatch" dump "$pid" --output=./old
is 'a file is replaced' "$status $(cat old) $(stat -c %a old)" '0 fake dump 600'

run "$leakwatch" dump -o - "$pid"
is '-o - is stdout' "$status $out" '0 fake dump'
run sh -c "\"$leakwatch\" dump -o - $pid >/dev/full"
like 'a full stdout is told' "$status $err" '^2 leakwatch: dump: cannot write to stdout: No space'

echo precious >precious
ln -s precious link
run "$leakwatch" dump -o link "$pid"
like 'a link is not followed' "$status $err" '^2 leakwatch: dump: cannot write link: .*not a regular'
is 'and what it names is as it was' "$(cat precious)" precious
mkfifo fifo
run "$leakwatch" dump -o fifo "$pid"
is 'nor is anything but a file replaced' "$status" 2
run "$leakwatch" dump -o no/where "$pid"
like 'no such directory' "$status $err" '^2 leakwatch: dump: cannot write no/where: No such file'

# --- proofs -----------------------------------------------------------------------------------------

run "$leakwatch" dump --prove "$pid"
like 'a shim that is too old for a proof' "$status $err" \
	'^2 .*cannot ask process [0-9]+: its libleakwatch.so does not know this request: it is older'
fake newer
run "$leakwatch" dump -p "$pid"
is 'a proof is asked for' "$status $out" "0 $LEAKWATCH_DIR/fake-$pid-8812-000001.dump"
like 'a dump without one is told of' "$err" "^leakwatch: dump: process $pid took a dump without a proof\$"

# --- failures ---------------------------------------------------------------------------------------

fake unstored
run "$leakwatch" dump "$pid"
like 'a dump that is nowhere is a failure' "$status $err" '^2 .*could not store its dump; use -o'
run "$leakwatch" dump -o kept "$pid"
is 'with -o it is kept' "$status $(cat kept)" '0 fake dump'

fake short
run "$leakwatch" dump -o half "$pid"
like 'half a dump is a failure' "$status $err" '^2 .*closed the connection before'
ok 'and leaves no file' test ! -e half
fake nonsense
run "$leakwatch" dump "$pid"
like 'nonsense is a failure' "$status $err" "^2 leakwatch: dump: cannot ask process $pid: .*no sense"
is 'no temporary file is left' "$(find . -name '.leakwatch*')" ''

start sleep 100
run "$leakwatch" dump "$pid"
like 'a process without the shim' "$status $err" '^1 .*it has no control socket'
kill -TERM "$pid"
wait "$pid" 2>/dev/null
run "$leakwatch" dump "$pid"
is 'no process' "$status $err" "1 leakwatch: dump: cannot ask process $pid: there is no such process"

# The loader says that it cannot preload that file, and goes on.
mkdir shim
: >shim/libleakwatch.so
start env LD_PRELOAD="$scratch/shim/libleakwatch.so" "$hosts/fakewatcher" late
run "$leakwatch" dump "$pid"
is 'a watcher that is being started is waited for' "$status $out$err" "0 $LEAKWATCH_DIR/fake-$pid-8812-000001.dump"

# Asked at once, it may not even be the program yet.
start "$leakwatch" run "$hosts/parked" 3
run "$leakwatch" dump -o early "$pid"
is 'a program that is being started, too' "$status $out$err" '0 early'

# --- arguments --------------------------------------------------------------------------------------

run "$leakwatch" dump
like 'no process id' "$status $err" '^2 leakwatch: dump: no process id'
run "$leakwatch" dump 12x
is 'not a process id' "$status $err" '2 leakwatch: dump: 12x is not a process id'
run "$leakwatch" dump 1 2
like 'two' "$status $err" '^2 leakwatch: dump: unexpected argument 2'
run "$leakwatch" dump --json 1
is 'an unknown option' "$status $err" "2 leakwatch dump: unrecognized option '--json'"
run "$leakwatch" dump --help
like '--help' "$status $out" '^0 Usage: leakwatch dump'

# --- a real process ---------------------------------------------------------------------------------

start "$leakwatch" run "$hosts/parked" 5
ok 'the shim listens' wait_for 20 test -S "$LEAKWATCH_DIR/$pid.sock"
wait_for 20 grep -q ready "$scratch/$pid.out"
run "$leakwatch" dump -o real "$pid"
like 'its threads are in the dump' "$(cat real)" '^thread profile: total 6$'
like 'which is whole' "$(tail -n 1 real)" "^# leakwatch end lines=$(wc -l <real) "
