#!/bin/sh
# answer.sh - the time to the answer for 2,000 threads: leakwatch against eu-stack and gdb, on one process.
# Usage: answer.sh [ROUNDS]
set -eu
# shellcheck source=tests/bench/lib/bench.sh
. "$(dirname "$0")/lib/bench.sh"
rounds=${1:-3}
threads=2000

mkfifo "$dir/input"
$preloaded "$build/tests/bench/parked" "$threads" 9 <"$dir/input" >"$dir/output" &
pid=$!
exec 9>"$dir/input"
until grep -q ready "$dir/output" 2>/dev/null; do kill -0 "$pid"; done

timed_ms() {
	start=$(date +%s%N)
	"$@" >"$dir/answer" 2>/dev/null || : # eu-stack fails where a single frame is unknown
	echo $((($(date +%s%N) - start) / 1000000))
}

for _ in $(seq "$rounds"); do
	timed_ms "$build/leakwatch" report "$pid" >>"$dir/leakwatch.ms"
	timed_ms eu-stack -n 0 -p "$pid" >>"$dir/eu-stack.ms"
	timed_ms gdb -p "$pid" -batch -ex 'thread apply all bt' >>"$dir/gdb.ms"
done
exec 9>&-
wait "$pid"

printf '\n### Time to the answer, %s threads of 12 frames\n\n%s. Medians of %s.\n\n' "$threads" "$(machine)" "$rounds"
printf '| tool | ms | against leakwatch | the process meanwhile |\n|---|---|---|---|\n'
ours=$(median <"$dir/leakwatch.ms")
for tool in leakwatch eu-stack gdb; do
	ms=$(median <"$dir/$tool.ms")
	printf '| %s | %s | %s x | %s |\n' "$tool" "$ms" "$(awk -v a="$ms" -v b="$ours" 'BEGIN { printf "%.1f", a / b }')" \
		"$([ $tool = leakwatch ] && echo runs || echo stopped)"
done
