#!/bin/sh
# latency.sh - a condition variable ping-pong beside 10,000 parked threads, while dumps run back to back.
# Usage: latency.sh [ROUNDS]
set -eu
# shellcheck source=tests/bench/lib/bench.sh
. "$(dirname "$0")/lib/bench.sh"
rounds=${1:-5}
seconds=3

for _ in $(seq "$rounds"); do
	"$build/tests/bench/pingpong" $seconds 10000 >"$dir/run"
	while read -r what ns; do echo "$ns" >>"$dir/plain.$what"; done <"$dir/run"
	$preloaded "$build/tests/bench/pingpong" $seconds 10000 >"$dir/run" &
	pid=$!
	dumps=0
	while kill -0 $pid 2>/dev/null; do
		"$build/leakwatch" dump $pid -o "$dir/dump" >/dev/null 2>&1 && dumps=$((dumps + 1))
	done
	wait $pid
	echo $dumps >>"$dir/dumps"
	while read -r what ns; do echo "$ns" >>"$dir/shim.$what"; done <"$dir/run"
done

printf '\n### Latency of a condition variable round trip beside 10,000 parked threads\n\n%s. Medians of %s runs of %s s; %s dumps in a run.\n\n' \
	"$(machine)" "$rounds" "$seconds" "$(median <"$dir/dumps")"
printf '| percentile | without the shim, ns | with, dumps back to back, ns | ratio |\n|---|---|---|---|\n'
for what in p50 p99 p99.9; do
	plain=$(median <"$dir/plain.$what")
	shimmed=$(median <"$dir/shim.$what")
	printf '| %s | %s | %s | %s |\n' "$what" "$plain" "$shimmed" \
		"$(awk -v a="$shimmed" -v b="$plain" 'BEGIN { printf "%.3f", a / b }')"
done
