#!/bin/sh
# dumps.sh - how long dumps take, by number of threads, and what the watcher costs at rest, in time and memory.
# Usage: dumps.sh [ROUNDS]
set -eu
# shellcheck source=tests/bench/lib/bench.sh
. "$(dirname "$0")/lib/bench.sh"
# shellcheck source=tests/bench/lib/parked.sh
. "$(dirname "$0")/lib/parked.sh"
rounds=${1:-5}
repeats=10

ask() { "$build/tests/bench/ask" "$socket" "$1"; }
milliseconds() {
	start=$(date +%s%N)
	"$@" >/dev/null
	echo $((($(date +%s%N) - start) / 1000)) | awk '{ printf "%.1f\n", $1 / 1000 }'
}
per() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

printf '\n### Dumps\n\n%s. Medians of %s processes each; 12 frames a thread. Until the file is in place and the answer begins.\n\n' \
	"$(machine)" "$rounds"
# shellcheck disable=SC2016 # Markdown
printf '| threads | first dump, ms | us a thread | repeated, ms | us a thread | `leakwatch report`, ms | file, KiB |\n|---|---|---|---|---|---|---|\n'
for threads in 1000 3000 10000 30000; do
	for _ in $(seq "$rounds"); do
		park "$threads"
		ask 1 >>"$dir/first.$threads"
		ask "$repeats" | median >>"$dir/again.$threads"
		"$build/leakwatch" dump "$pid" -o "$dir/dump" >/dev/null
		milliseconds "$build/leakwatch" report "$dir/dump" >>"$dir/report.$threads"
		unpark
	done
	first=$(median <"$dir/first.$threads")
	again=$(median <"$dir/again.$threads")
	printf '| %s | %.1f | %s | %.1f | %s | %.0f | %s |\n' "$threads" "$first" "$(per "${first}e3" "$threads")" \
		"$again" "$(per "${again}e3" "$threads")" "$(median <"$dir/report.$threads")" \
		"$(($(stat -c %s "$dir/dump") / 1024))"
done

# --- against Go: all goroutines with their stacks, as net/http/pprof does for goroutine?debug=1 ---------------

if command -v go >/dev/null; then
	cat >"$dir/parked.go" <<-'END'
		package main

		import (
			"fmt"
			"os"
			"runtime/pprof"
			"sync"
			"time"
		)

		var arrived sync.WaitGroup
		var never = make(chan int)

		//go:noinline
		func descend(left int) int {
			if left > 0 {
				return descend(left-1) + 1
			}
			arrived.Done()
			return <-never
		}

		func main() {
			const count = 10000
			arrived.Add(count)
			for i := 0; i < count; i++ {
				go descend(9)
			}
			arrived.Wait()
			time.Sleep(100 * time.Millisecond)
			start := time.Now()
			file, err := os.Create(os.Args[1])
			if err != nil {
				panic(err)
			}
			pprof.Lookup("goroutine").WriteTo(file, 1)
			file.Close()
			fmt.Printf("%.3f\n", float64(time.Since(start).Nanoseconds())/1e6)
		}
	END
	GOCACHE="$dir/cache" GO111MODULE=off CGO_ENABLED=0 go build -o "$dir/goparked" "$dir/parked.go"
	for _ in $(seq "$rounds"); do "$dir/goparked" "$dir/goroutines" >>"$dir/go.ms"; done
	# shellcheck disable=SC2016 # Markdown
	printf '\nGo (%s), 10,000 goroutines of 12 frames, their first `goroutine?debug=1` into a file: %.1f ms.\n' \
		"$(go version | cut -d' ' -f3)" "$(median <"$dir/go.ms")"
fi

# --- at rest -------------------------------------------------------------------------------------------------

# CPU time of the watcher, in nanoseconds.
watcher_ns() {
	task=$(grep -lx leakwatch /proc/"$pid"/task/*/comm | tail -n 1)
	cut -d' ' -f1 "${task%/comm}/schedstat"
}

park 10000
sleep 2
before=$(watcher_ns)
sleep 20 # what is measured is this time
after=$(watcher_ns)
printf '\nWatcher at rest, 10,000 parked threads, 20 s: %s %% of a core.\n' \
	"$(awk -v ns=$((after - before)) 'BEGIN { printf "%.3f", ns / 20e7 }')"
unpark

# Resident memory, with and without: of 10,000 threads, and of one.
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"; }
saved=$preloaded
for threads in 1 10000; do
	park "$threads"
	ask 1 >/dev/null
	with=$(rss)
	unpark
	preloaded=
	park "$threads"
	without=$(rss)
	unpark
	preloaded=$saved
	eval "more_$threads=$((with - without))"
done
# shellcheck disable=SC2154 # set by eval
printf '\nResident memory added, after a dump: %s KiB in a process of one thread; %s bytes for each further one.\n' \
	"$more_1" "$(((more_10000 - more_1) * 1024 / 9999))"
