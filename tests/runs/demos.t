#!/bin/sh
# leaklab under the shim, in every mode: it prints and ends as without, and the report says who waits
# where and who made it; of the fixes, that nothing is left.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs jq
plan 76

leaklab=$build/demos/leaklab
source=$(dirname "$0")/../../demos
workers=23

# What is the same in every run: not the memory, nor what fix-send's workers have done so far.
counts() {
	sed -E 's/ (heap_alloc|rss)=[0-9]+//g' "$1" | grep -v '^\[after spawn\]'
}

# Runs the mode under the shim until its last stage, compares it with a run without, takes a dump, and
# ends it; of the dump at exit only its reason and its threads are told.
watch() { # MODE THREADS
	"$leaklab" -mode="$1" -n="$workers" -tick=7ms -linger=30ms >"$scratch/plain"
	rm -f "$LEAKWATCH_DIR"/*.dump
	start "$leakwatch" run --at-exit -- \
		"$leaklab" -mode="$1" -n="$workers" -tick=7ms -linger=30ms -hold=100s
	wait_for 20 grep -q '^\[end\]' "$scratch/$pid.out"
	is "$1: it prints the same" "$(counts "$scratch/$pid.out")" "$(counts "$scratch/plain")"
	like "$1: the threads that it counts are its own" "$(tail -n 1 "$scratch/$pid.out")" "^\[end\] threads=$2 "
	ok "$1: a dump is taken" wait_for 20 settled "$pid"
	is "$1: it has every thread" "$(dumped)" "$(tids "$pid")"
	is "$1: and no losses" "$(json '.losses | length')" 0
	cp "$scratch/report.json" "$scratch/$1.json"
	cp "$scratch/now.dump" "$scratch/$1.dump"
	stop "$pid"
	is "$1: it ends as without" "$status" 0
	"$leakwatch" report --json "$LEAKWATCH_DIR" >"$scratch/report.json"
	is "$1: with a dump at exit" "$(json '"\(.dump.reason) \(.totals.threads)"')" "exit $2"
	cp "$scratch/$1.json" "$scratch/report.json"
}

# The line of the source that a frame names.
source_line() { # FILTER
	json "$1 | \"\\(.file) \\(.line)\"" | {
		read -r file line
		sed -n "${line}p" "$source/${file##*/}"
	}
}

workers_group=".groups[] | select(.count == $workers)"
own='[.[] | select(.module | endswith("leaklab"))]'

# --- leaks ------------------------------------------------------------------------------------------

watch leak-recv $((workers + 1))
is 'leak-recv: all workers wait in one place' \
	"$(json "$workers_group | \"\\(.wait) \\(.timed) \\(.objects) \\(.source)\"")" 'cond_wait false 1 slot'
is 'leak-recv: which is the receiving end of the channel' \
	"$(json "$workers_group | .stack | $own | map(.function) | join(\" \")")" 'channel_receive receive_worker'
like 'leak-recv: at the line of the call' "$(source_line "$workers_group | .stack[0]")" \
	'pthread_cond_wait\(&channel->filled'
like 'leak-recv: they were created in main'\''s function' \
	"$(json "$workers_group | .created_by | $own | map(.function) | join(\" \")")" \
	'^worker_start crew_start leak_recv main _start$'
like 'leak-recv: at the line of that call' "$(source_line "$workers_group | .created_by[0]")" 'pthread_create'
is 'leak-recv: nothing else was found' "$(json '"\(.groups | length) \(.timers | length) \(.unjoined | length)"')" \
	'2 0 0'

watch leak-send $((workers + 1))
is 'leak-send: all workers wait in one place' \
	"$(json "$workers_group | \"\\(.wait) \\(.timed) \\(.source)\"")" 'cond_wait false slot'
like 'leak-send: which is the sending end of the channel' \
	"$(json "$workers_group | .stack | $own | map(.function) | join(\" \")")" '^([a-z_]+ )*channel_send send_worker$'
like 'leak-send: at the line of the call' "$(source_line "$workers_group | .stack[0]")" 'pthread_cond_wait'
like 'leak-send: they were created in main'\''s function' \
	"$(json "$workers_group | .created_by | $own | map(.function) | join(\" \")")" \
	'^worker_start crew_start leak_send main _start$'

watch leak-orphan $((workers + 1))
is 'leak-orphan: all workers wait in one place' \
	"$(json "$workers_group | \"\\(.wait) \\(.timed) \\(.objects) \\(.source)\"")" 'cond_wait false 1 slot'
is 'leak-orphan: which is the receiving end of the channel' \
	"$(json "$workers_group | .stack | $own | map(.function) | join(\" \")")" 'channel_receive orphan_worker'

watch leak-ticker 2
like 'leak-ticker: its thread waits for the next tick' \
	"$(json '.groups[] | select(.threads[0].id == 2) | "\(.count) \(.wait) " + ([.stack[].function] | join(" "))')" \
	'^1 sigwait .*ticker_next tick_worker( |$)'
is 'leak-ticker: its timer is alive' "$(json '.timers[] | "\(.kind) \(.count) \(.created) \(.deleted)"')" \
	'timer_create 1 1 0'
is 'leak-ticker: with its period' "$(sed -n '/^--- leakwatch timers/,/^$/p' "$scratch/leak-ticker.dump" |
	sed -n 3p | cut -d ' ' -f 2,6,8)" 'timer_create 7000000 CLOCK_MONOTONIC'
like 'leak-ticker: and its creator' "$(json '.timers[0].created_by | map(.function) | join(" ")')" \
	'ticker_start tick_worker'

# --- fixes ------------------------------------------------------------------------------------------

for mode in recv send orphan ticker; do
	watch "fix-$mode" 1
	is "fix-$mode: one thread is left, no timer, none unjoined" \
		"$(json '.totals | "\(.threads) \(.timers) \(.unjoined) \(.started - .exited)"')" '1 0 0 0'
done
