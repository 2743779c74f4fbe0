#!/bin/sh
# dumps.sh - how long dumps take, by number of threads, and what the watcher costs at rest.
# Usage: dumps.sh [ROUNDS]
set -eu
# shellcheck source=tests/bench/lib/bench.sh
. "$(dirname "$0")/lib/bench.sh"
rounds=${1:-5}
depth=9 # frames in the recursion; 12 with worker, start_thread and clone3

took_ms() { awk -F'took_ns=' '/^# leakwatch end/ { printf "%.2f\n", $2 / 1e6 }' "$1"; }

# The program's threads wait; its input is a pipe whose closing ends it.
park() {
	mkfifo "$dir/input.$1"
	$preloaded "$build/tests/bench/parked" "$1" "$depth" <"$dir/input.$1" >"$dir/output.$1" &
	pid=$!
	exec 9>"$dir/input.$1"
	until grep -q ready "$dir/output.$1" 2>/dev/null; do
		kill -0 "$pid"
	done
}

unpark() {
	exec 9>&-
	wait "$pid"
	rm -f "$dir/input.$1"
}

# CPU time of the helper thread, in clock ticks (1/100 s).
watcher_ticks() {
	for task in /proc/"$pid"/task/*; do
		if [ "$(cat "$task/comm")" = leakwatch ]; then
			sed 's/.*) //' "$task/stat" | awk '{ print $12 + $13 }'
			return
		fi
	done
}

printf '\n### Dumps\n\n%s. Medians of %s processes each; 12 frames a thread; the file is written.\n\n' "$(machine)" "$rounds"
printf '| threads | first dump, ms | repeated, ms | report, ms | file, KiB |\n|---|---|---|---|---|\n'
for threads in 1000 3000 10000 30000; do
	for _ in $(seq "$rounds"); do
		park "$threads"
		"$build/leakwatch" dump "$pid" -o "$dir/first" >/dev/null
		for _ in 1 2 3 4 5; do
			"$build/leakwatch" dump "$pid" -o "$dir/again" >/dev/null
			took_ms "$dir/again"
		done | median >>"$dir/again.$threads"
		took_ms "$dir/first" >>"$dir/first.$threads"
		start=$(date +%s%N)
		"$build/leakwatch" report "$dir/again" >/dev/null
		echo $((($(date +%s%N) - start) / 1000000)) >>"$dir/report.$threads"
		unpark "$threads"
	done
	printf '| %s | %s | %s | %s | %s |\n' "$threads" "$(median <"$dir/first.$threads")" \
		"$(median <"$dir/again.$threads")" "$(median <"$dir/report.$threads")" \
		"$(($(stat -c %s "$dir/again") / 1024))"
done

park 10000
before=$(watcher_ticks)
sleep 30 # what is measured is this time
after=$(watcher_ticks)
printf '\nWatcher at rest, 10,000 parked threads, 30 s: %s %% of a core.\n' \
	"$(echo "$before $after" | awk '{ printf "%.3f", ($2 - $1) / 30 }')"
unpark 10000

# Resident memory, with and without: of 10,000 threads, and of one.
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"; }
for threads in 1 10000; do
	park "$threads"
	"$build/leakwatch" dump "$pid" -o "$dir/first" >/dev/null
	with=$(rss)
	unpark "$threads"
	saved=$preloaded preloaded=
	park "$threads"
	without=$(rss)
	unpark "$threads"
	preloaded=$saved
	eval "more_$threads=$((with - without))"
done
# shellcheck disable=SC2154 # set by eval
printf '\nResident memory added, after a dump: %s KiB in a process of one thread; %s bytes for each further one.\n' \
	"$more_1" "$(((more_10000 - more_1) * 1024 / 9999))"
