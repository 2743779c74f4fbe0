# parked.sh - sourced by the benchmarks that need a process of many parked threads, on top of bench.sh.
# shellcheck shell=sh disable=SC2154 # bench.sh sets them

depth=9 # frames in the recursion; 12 with worker, start_thread and clone3

# park THREADS [DEPTH]: starts it by $preloaded and sets $pid. Its input is a pipe whose closing ends it.
park() {
	rm -f "$dir/input" "$dir/output"
	mkfifo "$dir/input"
	# shellcheck disable=SC2086 # a list of words
	$preloaded "$build/tests/bench/parked" "$1" "${2:-$depth}" <"$dir/input" >"$dir/output" &
	pid=$!
	exec 9>"$dir/input"
	until grep -q ready "$dir/output" 2>/dev/null; do
		kill -0 "$pid"
		sleep 0.02
	done
	socket=$LEAKWATCH_DIR/$pid.sock
	[ -z "$preloaded" ] || until [ -S "$socket" ]; do
		kill -0 "$pid"
		sleep 0.02
	done
}

unpark() {
	exec 9>&-
	wait "$pid"
	rm -rf "$LEAKWATCH_DIR"
}
