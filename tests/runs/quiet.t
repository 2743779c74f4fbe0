#!/bin/sh
# A process that creates no thread gets no watcher and no file, unless it holds many timers; nor does one
# for which leakwatch is off.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
plan 28

hosts=$build/tests/hosts

files() {
	find "$LEAKWATCH_DIR" -mindepth 1 | wc -l
}

threads() {
	find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l
}

listens() {
	test -S "$LEAKWATCH_DIR/$pid.sock"
}

# --- one thread -------------------------------------------------------------------------------------

# shellcheck disable=SC2016 # for that shell
run "$leakwatch" run --at-exit --interval=0.01 -- sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; exit 3'
is 'a program without threads ends as ever' "$status$out$err" 3
is 'and leaves no file' "$(files)" 0

start "$leakwatch" run --at-exit --interval=0.01 -- "$hosts/timers" 15
ok 'one with 15 timers comes up' wait_for 10 grep -q ready "$scratch/$pid.out"
is 'has its one thread' "$(threads)" 1
is 'and no file' "$(files)" 0
run "$leakwatch" dump "$pid"
like 'a dump of it is refused' "$status $err" '^1 .*it has no control socket'
kill -USR1 "$pid"
ok 'with its 16th timer it is watched' wait_for 10 listens
is 'by one thread' "$(threads)" 2
is 'that is not its own' "$(tids "$pid" | wc -l)" 1
ok 'a dump is taken' dump "$pid"
like 'which has all the timers' "$(cat "$scratch/now.dump")" '^# totals threads=1 .* timers=16 '
is 'each of them' "$(sed -n '/^--- leakwatch timers/,/^$/p' "$scratch/now.dump" | grep -c ' timer_create ')" 16
stop "$pid"
is 'a signal ends it as ever' "$status" 143
rm -rf "${LEAKWATCH_DIR:?}"/*

# --- one thread -------------------------------------------------------------------------------------

# A signal handler's frame is libunwind's to follow, which is opened then.
alone() {
	[ "$(cat "/proc/$pid/task"/*/comm | grep -c leakwatch)" = 1 ]
}
start "$leakwatch" run -- "$hosts/park" in_handler
ok 'a program with a thread in a handler comes up' wait_for 10 grep -q ready "$scratch/$pid.out"
ok 'and is watched' wait_for 10 listens
ok 'by one thread' wait_for 10 alone
ok 'a dump of it is taken' wait_for 10 settled "$pid"
if wait_for 5 grep -q libunwind "/proc/$pid/maps"; then
	ok 'which needed libunwind, and still there is one thread' wait_for 10 alone
else
	skip 'which needed libunwind, and still there is one thread' 'libunwind is not installed'
fi
stop "$pid"
rm -rf "${LEAKWATCH_DIR:?}"/*

# --- off --------------------------------------------------------------------------------------------

start env LEAKWATCH_OFF=1 "$leakwatch" run --at-exit --interval=0.01 -- "$hosts/parked" 3
ok 'with LEAKWATCH_OFF a program comes up' wait_for 10 grep -q ready "$scratch/$pid.out"
is 'has its own threads' "$(threads)" 4
is 'and no file' "$(files)" 0
stop "$pid"
is 'it ends as ever' "$status" 143
run env LEAKWATCH_OFF=1 "$leakwatch" run --at-exit -- "$build/demos/leaklab" -n=5
is 'also by exit' "$status" 0
is 'and leaves no file' "$(files)" 0
start env LEAKWATCH_OFF=0 "$leakwatch" run -- "$hosts/parked" 3
ok 'LEAKWATCH_OFF=0 is not off' wait_for 10 listens
is 'it is watched' "$(threads)" 5
is 'and has its own threads besides' "$(tids "$pid" | wc -l)" 4
stop "$pid"
is 'it ends as ever' "$status" 143
