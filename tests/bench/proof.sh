#!/bin/sh
# proof.sh - proofs by the size of the heap: how fast it is looked through, how long the copy takes to be made, and what
# a condition variable ping-pong notices of proofs one after the other.
# Usage: proof.sh [ROUNDS [MIB...]]
set -eu
# shellcheck source=tests/bench/lib/bench.sh
. "$(dirname "$0")/lib/bench.sh"
rounds=${1:-1}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- 64 1024 4096
seconds=20

ready() { # PID
	until grep -qs ready "$dir/err"; do
		kill -0 "$1"
		sleep 0.05
	done
}

# A key of the line that a dump has of its proof.
proof() {
	sed -n "s/^# proof .*\<$1=\([0-9]*\).*/\1/p" "$dir/dump"
}

played() { # TABLE COMMAND...: keeps its percentiles
	table=$1
	shift
	"$@" >"$dir/run" 2>"$dir/err" &
	pid=$!
	ready $pid
	while [ "$table" != plain ] && kill -0 $pid 2>/dev/null; do
		"$build/leakwatch" dump --prove $pid -o "$dir/dump" >/dev/null 2>&1 && proof stall_ns >>"$dir/stall.$mib"
	done
	wait $pid
	touch "$dir/stall.$mib"
	while read -r what ns; do echo "$ns" >>"$dir/$table.$mib.$what"; done <"$dir/run"
}

for mib; do
	for _ in $(seq "$rounds"); do
		$preloaded "$build/tests/bench/pingpong" 0 2 "$mib" 2>"$dir/err" &
		pid=$!
		ready $pid
		for _ in 1 2 3; do
			"$build/leakwatch" dump --prove $pid -o "$dir/dump" >/dev/null
			proof took_ns >>"$dir/took.$mib"
			proof cpu_ns >>"$dir/cpu.$mib"
			proof stall_ns >>"$dir/stall_idle.$mib"
			proof scanned_bytes >>"$dir/scanned.$mib"
		done
		kill $pid
		wait $pid 2>/dev/null || true
		played plain "$build/tests/bench/pingpong" $seconds 2 "$mib"
		# shellcheck disable=SC2086 # a list of words
		played proved $preloaded "$build/tests/bench/pingpong" $seconds 2 "$mib"
	done
done

printf '\n### Proofs by the size of the heap\n\n%s. Medians of %s run(s).\n\n' "$(machine)" "$rounds"
printf '| heap, MiB | proof, ms | read, GB/s of processor time | copy, ms | copy while it plays, ms | round trip p99.9 without, us | with proofs one after the other, us |\n'
printf '|---|---|---|---|---|---|---|\n'
for mib; do
	took=$(median <"$dir/took.$mib")
	printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$mib" \
		"$(awk -v t="$took" 'BEGIN { printf "%.1f", t / 1e6 }')" \
		"$(awk -v t="$(median <"$dir/cpu.$mib")" -v b="$(median <"$dir/scanned.$mib")" 'BEGIN { printf "%.2f", b / t }')" \
		"$(awk -v t="$(median <"$dir/stall_idle.$mib")" 'BEGIN { printf "%.1f", t / 1e6 }')" \
		"$(median <"$dir/stall.$mib" | awk '$1 == "-" { printf "-"; next } { printf "%.1f", $1 / 1e6 }')" \
		"$(awk -v t="$(median <"$dir/plain.$mib.p99.9")" 'BEGIN { printf "%.0f", t / 1e3 }')" \
		"$(awk -v t="$(median <"$dir/proved.$mib.p99.9")" 'BEGIN { printf "%.0f", t / 1e3 }')"
done
