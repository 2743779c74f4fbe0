#!/bin/sh
# memcached under the shim: it answers and ends as without, and the report names what each of its
# threads waits in, exactly as gdb sees it.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs memcached jq
plan 18
here=$(dirname "$0")

# Starts memcached on a port of its own, by the words before it; sets $pid and $port.
serve() {
	port=$(free_port)
	start "$@" memcached -l 127.0.0.1 -p "$port" -U 0 -t 4 -u "$(id -un)"
	wait_for 20 answers "$port" || diag "memcached does not answer: $(cat "$scratch/$pid.err")"
}

# --- without ----------------------------------------------------------------------------------------

serve
run "$here/memcached-load.py" "$port" 10
plain_answers=$out
is 'without the shim it answers' "$status" 0
stop "$pid"
plain_status=$status

# --- with -------------------------------------------------------------------------------------------

serve "$leakwatch" run --
run "$here/memcached-load.py" "$port" 10
is 'with the shim it answers' "$status" 0
is 'as many, and the same' "$out" "$plain_answers"
run "$leakwatch" ps
like 'ps lists it' "$out" "^ *$pid  memcached +10 +[0-9]+ "

ok 'dumps are taken, and one finds all threads waiting' wait_for 20 settled "$pid"
is 'it has every thread' "$(dumped)" "$(tids "$pid")"
is 'and no losses' "$(json '.losses | length')" 0
is 'four workers and the listener wait for events' \
	"$(json '.groups[] | select(.wait == "epoll_wait" and any(.stack[]; .function == "event_base_loop"))
		| "\(.count) \(.timed)"')" '4 false
1 true'
is 'the workers were created by the program' \
	"$(json '.groups[] | select(.count == 4) | .created_by[0].module | split("/") | last')" memcached
is 'its helpers wait on condition variables' \
	"$(json '[.groups[] | select(.wait == "cond_wait" and (.stack[0].module | endswith("memcached"))) | .count] | add')" 4
is 'or sleep' "$(json '.groups[] | select(.wait == "nanosleep") | .count')" 1
is 'every stack is whole, none guessed' \
	"$(json '[.groups[] | .partial or any(.stack[]; .guessed)] | any')" false
is 'and ends in libc, which started the thread' \
	"$(json '.groups[] | select(.timed == false) | .stack[-1].module | split("/") | last' | sort -u)" libc.so.6

if command -v gdb >/dev/null; then
	run "$here/../oracle/gdb-compare.sh" "$leakwatch" "$pid" "$scratch/oracle"
	is 'gdb sees the same stacks' "$status" 0
	diag "$out"
else
	skip 'gdb sees the same stacks' 'gdb is not installed'
fi

stop "$pid"
is 'it ends as without the shim' "$status" "$plain_status"

# --- a dump every second, under load ----------------------------------------------------------------

rm -f "$LEAKWATCH_DIR"/*.dump
serve "$leakwatch" run --interval=1 --
wrong=
load_until_stored() { # COUNT: one more round of load each time
	"$here/memcached-load.py" "$port" 20 || wrong=yes
	stored_more "$1"
}
ok 'dumps are stored while it works' wait_for 30 load_until_stored 3
is 'its answers stay right' "$wrong" ''
stop "$pid"
is 'it ends as without the shim, and every dump can be read' "$status $(broken)" "$plain_status "
