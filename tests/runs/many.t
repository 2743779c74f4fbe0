#!/bin/sh
# 10,000 parked threads: one dump has every one of them, and none was stopped or woken for it.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs jq

workers=10000
room() { # FILE: how many more than we need
	[ "$(cat "$1")" -gt $((workers + 2000)) ]
}
for limit in kernel/threads-max vm/max_map_count kernel/pid_max; do
	room "/proc/sys/$limit" || skip_all "this machine may not have $workers threads"
done
plan 12

# The parked threads, and how often each gave up the processor or lost it: nothing that runs, stops or
# is interrupted leaves these numbers as they were.
switches() {
	awk '/^Pid:/ { tid = $2 } /^Name:/ { name = $2 } /ctxt_switches:/ { count[tid] = count[tid] " " $2; is[tid] = name }
		END { for (tid in count) if (tid != main && is[tid] != "leakwatch") print tid count[tid] }' main="$pid" \
		"/proc/$pid/task"/*/status | sort -n
}

# The threads of the dump, by column.
column() { # NAME
	sed -n '/^--- leakwatch threads ---/,/^$/p' "$scratch/now.dump" | awk -v name="$1" '
		/^columns/ { for (i = 2; i <= NF; i++) if ($i == name) at = i - 1; next }
		NF > 1 && at && !/^---/ { print $at }'
}

start "$leakwatch" run --keep=2 -- "$build/demos/leaklab" -mode=leak-recv -n="$workers" -hold=300s
ok 'the program comes up' wait_for 60 grep -q '^\[end\]' "$scratch/$pid.out"
like 'with all its threads' "$(tail -n 1 "$scratch/$pid.out")" "^\[end\] threads=$((workers + 1)) "

switches >"$scratch/before"
run "$leakwatch" dump "$pid" -o "$scratch/now.dump"
switches >"$scratch/after"
is 'a dump is taken' "$status $err" '0 '
is 'the threads are parked' "$(wc -l <"$scratch/before")" "$workers"
ok 'none was stopped, woken or interrupted for it' cmp "$scratch/before" "$scratch/after"

is 'it has every thread' "$(column tid | sort -n)" "$(tids "$pid")"
is 'each once' "$(column tid | sort | uniq -d | wc -l) $(column id | sort | uniq -d | wc -l)" '0 0'
"$leakwatch" report --json "$scratch/now.dump" >"$scratch/report.json"
is 'the workers are one group' "$(json ".groups[] | select(.count > 1) | \"\\(.count) \\(.wait) \\(.stack[0].function)\"")" \
	"$workers cond_wait channel_receive"
is 'and no losses' "$(json '.losses | length')" 0
first=$(sed -n 's/^# leakwatch end .*took_ns=//p' "$scratch/now.dump")

cp "$scratch/now.dump" "$scratch/first.dump"
run "$leakwatch" dump "$pid" -o "$scratch/now.dump"
is 'the next dump has the same threads' "$(column tid | sort -n | cksum)" "$(tids "$pid" | cksum)"
is 'in the same groups' "$(grep '^[0-9]* @ ' "$scratch/now.dump" | head -n 1)" \
	"$(grep '^[0-9]* @ ' "$scratch/first.dump" | head -n 1)"
diag "took_ns: $first for the first dump, $(sed -n 's/^# leakwatch end .*took_ns=//p' "$scratch/now.dump") for the next"

stop "$pid"
is 'it ends as without the shim' "$status" 0
