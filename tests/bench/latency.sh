#!/bin/sh
# latency.sh - a condition variable ping-pong beside 10,000 parked threads, while dumps run back to back on another core; and without
# the shim, beside a program on that core that only counts: what a busy neighbour alone does to it.
# Usage: latency.sh [ROUNDS]
set -eu
# shellcheck source=tests/bench/lib/bench.sh
. "$(dirname "$0")/lib/bench.sh"
rounds=${1:-7}
seconds=2
[ "$(nproc)" -gt 1 ] || {
	printf '\nThe latency beside dumps needs two cores.\n'
	exit 0
}

ratio() { # A B
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'
}

keep() { # SIDE: the percentiles of its last run
	while read -r what ns; do echo "$ns" >>"$dir/$1.$what"; done <"$dir/run"
}

# The two that play share the first core. The watcher and who asks it share the second.
plain() {
	"$build/tests/bench/pingpong" $seconds 10000 0 pinned >"$dir/run" 2>/dev/null
	keep plain
}

busy() {
	taskset -c 1 sh -c 'while :; do :; done' &
	counter=$!
	"$build/tests/bench/pingpong" $seconds 10000 0 pinned >"$dir/run" 2>/dev/null
	{ kill $counter && wait $counter; } 2>/dev/null || :
	keep busy
}

shimmed() {
	$preloaded "$build/tests/bench/pingpong" $seconds 10000 0 pinned >"$dir/run" 2>/dev/null &
	pid=$!
	socket=$LEAKWATCH_DIR/$pid.sock
	until [ -S "$socket" ] || ! kill -0 $pid 2>/dev/null; do sleep 0.02; done
	grep -lsx leakwatch /proc/$pid/task/*/comm | while read -r task; do
		task=${task%/comm}
		taskset -cp 1 "${task##*/}" >/dev/null 2>&1 || : # one that has ended meanwhile
	done
	taskset -c 1 "$build/tests/bench/ask" "$socket" 100000 >"$dir/dumps.ms" 2>/dev/null || : # until it ends
	wait $pid
	wc -l <"$dir/dumps.ms" >>"$dir/count"
	keep shim
	rm -rf "$LEAKWATCH_DIR"
}

for round in $(seq "$rounds"); do
	if [ $((round % 2)) -eq 0 ]; then
		plain
		busy
		shimmed
	else
		shimmed
		busy
		plain
	fi
done

printf '\n### Latency of a condition variable round trip beside 10,000 parked threads\n\n%s. Medians of %s runs of %s s, in turns; %s dumps in a run, on the other core.\n\n' \
	"$(machine)" "$rounds" "$seconds" "$(median <"$dir/count")"
printf '| percentile | without the shim, ns | and a busy neighbour, ns | ratio | with, dumps back to back, ns | ratio | to that beside a neighbour |\n|---|---|---|---|---|---|---|\n'
for what in p50 p99 p99.9; do
	plain=$(median <"$dir/plain.$what")
	busy=$(median <"$dir/busy.$what")
	shimmed=$(median <"$dir/shim.$what")
	printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$what" "$plain" "$busy" "$(ratio "$busy" "$plain")" \
		"$shimmed" "$(ratio "$shimmed" "$plain")" "$(ratio "$shimmed" "$busy")"
done
