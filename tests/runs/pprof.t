#!/bin/sh
# go tool pprof, as an oracle, opens the dump as it is and the report's page: both have every thread, under the
# functions' names, which pprof finds by itself through the memory map.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs go jq
plan 17

workers=37

pprof() { # ARGUMENT...: its output without its remarks
	env HOME="$scratch" GOFLAGS=-mod=mod GOTOOLCHAIN=local PPROF_TMPDIR="$scratch" \
		go tool pprof -symbolize=local "$@" 2>"$scratch/pprof.err"
}

# The samples: "COUNT FUNCTION,...", innermost first; a location without a name is its number.
samples() {
	pprof -raw "$1" | awk '
		/^Locations/ { at = 2; next }
		/^Mappings/ { at = 3 }
		/^thread\/count/ { at = 1; next }
		at == 1 { count[++n] = $1 + 0; $1 = ""; stack[n] = $0 }
		# The first of a location is its innermost function; more lines are what that was inlined into.
		at == 2 && $1 ~ /:$/ { id = $1; sub(":", "", id); name[id] = $4 == "" ? id : $4; next }
		at == 2 { name[id] = name[id] "," $1 }
		END { for (i = 1; i <= n; i++) {
			k = split(stack[i], ids, " "); line = ""
			for (j = 1; j <= k; j++) line = line "," name[ids[j]]
			print count[i], substr(line, 2) } }'
}

total() {
	samples "$1" | awk '{ sum += $1 } END { print sum }'
}

opens() { # NAME FILE
	run pprof -raw "$2"
	is "$1: pprof opens it" "$status" 0
	is "$1: as a count of threads" "$(printf '%s\n' "$out" | head -n 1)" 'PeriodType: thread count'
	is "$1: of all of them" "$(total "$2")" "$((workers + 1))"
	like "$1: the channel's function has its workers" "$(samples "$2")" \
		"^$workers channel_receive,receive_worker(,|\$)"
	like "$1: also in pprof's table" "$(pprof -top "$2")" \
		"^ +$workers .* $workers +[0-9.]+% +channel_receive\$"
	like "$1: with file and line" "$(pprof -lines -top "$2")" 'channel_receive .*channel\.c:[0-9]+$'
}

start "$leakwatch" run -- "$build/demos/leaklab" -mode=leak-recv -n="$workers" -hold=100s
wait_for 20 grep -q '^\[end\]' "$scratch/$pid.out"
ok 'a dump is taken' wait_for 20 settled "$pid"
opens 'the dump' "$scratch/now.dump"

"$leakwatch" report "$scratch/now.dump" >"$scratch/page"
opens 'the page' "$scratch/page"

is 'the page has the samples of the dump' "$(samples "$scratch/page")" "$(samples "$scratch/now.dump")"

# --- two dumps --------------------------------------------------------------------------------------

"$leakwatch" dump "$pid" -o "$scratch/later.dump" >/dev/null
stop "$pid"
start "$leakwatch" run -- "$build/demos/leaklab" -mode=leak-recv -n=$((workers + 5)) -hold=100s
wait_for 20 grep -q '^\[end\]' "$scratch/$pid.out"
ok 'a dump of another run is taken' wait_for 20 settled "$pid"
like 'pprof shows what became more between two runs' \
	"$(pprof -top -diff_base="$scratch/later.dump" "$scratch/now.dump")" '^ +5 .* channel_receive$'
stop "$pid"
is 'the program ends as ever' "$status" 0
