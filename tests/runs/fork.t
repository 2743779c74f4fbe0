#!/bin/sh
# A child after fork is a process of its own: nothing of ours until its first thread, then its own watcher and
# dumps, of its own threads only; the parent's stay as they were.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs jq
plan 21

# The groups as "COUNT WAIT FUNCTION", largest first.
groups() {
	json '.groups[] | "\(.count) \(.wait) \([.stack[].function // "" | select(test("park"))] | join(" "))"'
}

start "$leakwatch" run --at-exit -- "$build/tests/hosts/forks"
parent=$pid
ok 'the program forks' wait_for 20 grep -q '^parent' "$scratch/$parent.out"
wait_for 20 grep -q '^child [0-9]' "$scratch/$parent.out"
child=$(sed -n 's/^child \([0-9]*\)$/\1/p' "$scratch/$parent.out")
own "$child"

is 'the child has one thread' "$(find "/proc/$child/task" -mindepth 1 -maxdepth 1 | wc -l)" 1
ok 'and no socket' test ! -e "$LEAKWATCH_DIR/$child.sock"
ok 'the parent is dumped' wait_for 20 settled "$parent"
is 'its threads are there' "$(groups)" '3 cond_wait park
1 wait_child '
is 'it counts its own' "$(json '.totals | "\(.threads) \(.started) \(.exited)"')" '4 3 0'

kill -USR1 "$child"
ok 'the child creates threads' wait_for 20 grep -q grown "$scratch/$parent.out"
ok 'now it has a socket' wait_for 20 test -S "$LEAKWATCH_DIR/$child.sock"
run "$leakwatch" ps
like 'ps lists the parent' "$out" "^ *$parent  forks +4 "
like 'and the child' "$out" "^ *$child  forks +3 "
ok 'the child is dumped' wait_for 20 settled "$child"
is 'it has its own threads, and none of the parent'\''s' "$(groups | head -n 1) $(json '.totals.threads')" \
	'2 cond_wait park child_park 3'
is 'its dump counts from its own start' "$(json '"\(.process.pid) \(.totals.started) \(.totals.exited)"')" "$child 2 0"
is 'in its first dumps' "$(json '.dump.sequence < 20 and .losses == {}')" true
is 'its threads are those of the kernel' "$(dumped)" "$(tids "$child")"
ok 'the parent is dumped again' wait_for 20 settled "$parent"
is 'and has all of its own' "$(dumped)" "$(tids "$parent")"

kill -TERM "$child"
ok 'the child ends with its own exit code' wait_for 20 grep -q '^child exited 5$' "$scratch/$parent.out"
is 'and takes its dump at exit' "$(grep -l 'reason=exit' "$LEAKWATCH_DIR/forks-$child"-*.dump | wc -l)" 1
stop "$parent"
is 'the parent ends as ever' "$status" 143
is 'no dump of the one is under the name of the other' \
	"$(for file in "$LEAKWATCH_DIR"/*.dump; do
		name=${file##*/forks-}
		grep -q "^# process pid=${name%%-*} " "$file" || echo "$file"
	done)" ''
