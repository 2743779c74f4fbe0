#!/bin/sh
# leakwatch diff as it is typed: what is new, gone, grown, the same; within a process and across runs.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
plan 29

cd "$(dirname "$0")/../golden/several-dumps" || exit 1
diff_of() { run "$leakwatch" diff --symbols=symbols.table "$@"; }

diff_of dump.2 dump.1
is 'exit 0' "$status$err" 0
like 'new' "$out" '^new: 1 thread sleeping in main '
like 'grown, with those that stayed' "$out" '^\+35: 75 threads waiting on a condition variable in chan_recv .*; 40 of them were there before$'
like 'gone' "$out" '^gone: 1 thread joining a thread in main '
diff_of dump.1 dump.2
like 'shrunk' "$out" '^-35: 40 threads '
diff_of dump.1 dump.1
like 'no difference' "$out" '^The groups are the same, and as large\.$'
like 'which are counted' "$out" '^as large as before: 3 groups of 77; 77 of them were there before$'
diff_of --all dump.1 dump.1
like '--all: the others too' "$out" '^\+0: 75 threads .*; 75 of them were there before$'

# Another process, whose program lies elsewhere in memory.
sed 's/pid=4711/pid=4712/; s/0x55d/0x65d/g' dump.2 >"$scratch/other.dump"
diff_of "$scratch/other.dump" dump.1
like 'two runs: said' "$out" '^Two processes'
like 'two runs: the groups are the same' "$out" '^\+35: 75 threads '
unlike 'two runs: the threads are not' "$out" 'were there before'
run sh -c 'cat dump.1 | "$1" diff --symbols=symbols.table dump.1 -' sh "$leakwatch"
like 'standard input' "$out" '^The groups are the same'

# --- a real restart ---------------------------------------------------------------------------------

taken() { "$leakwatch" dump -o "$scratch/$1" "$pid"; }
settled_dump() { taken "$1" && grep -q '^# totals .* running=0 ' "$scratch/$1"; }

runs() { # PROGRAM NUMBER: two dumps of it, NUMBER.1 and NUMBER.2
	start "$leakwatch" run -- "$build/tests/hosts/$1" "$2"
	ok "$1 $2: two dumps" wait_for 20 settled_dump "$2.1"
	taken "$2.2" >"$scratch/path"
	base=$(sed -n '/^--- leakwatch modules/,/^$/p' "$scratch/$2.1" | awk -v program="/$1\$" '$5 ~ program { print $1 }')
	stop "$pid"
}

runs parked 8
base_then=$base
runs parked 11
ok 'the program lies elsewhere in the second run' test "$base" != "$base_then" -a -n "$base"
run "$leakwatch" diff "$scratch/8.1" "$scratch/8.2"
like 'one run: all the same threads' "$out" '^as large as before: 2 groups of 9; 9 of them were there before$'
run "$leakwatch" diff "$scratch/8.1" "$scratch/11.1"
like 'two runs: the group has grown' "$out" '^\+3: 11 threads waiting on a condition variable in park '
like 'two runs: main is where it was' "$out" '^as large as before: 1 group of 1$'
is 'two runs: that is all' "$(printf '%s\n' "$out" | grep -cE '^(new|gone|[-+][0-9]+):')" 1

runs timers 16
runs timers 20
run "$leakwatch" diff "$scratch/20.1" "$scratch/16.1"
like 'timers are compared as well' "$out" '^-4: 16 timers \(timer_create\), created by timer_add '

# Another build of the program.
sed 's/^\(0x[^ ]* 0x[^ ]* 0x[^ ]* \)[0-9a-f]*\( [^ ]*\/parked\)$/\1deadbeef\2/' "$scratch/11.1" >"$scratch/built"
run "$leakwatch" diff "$scratch/8.1" "$scratch/built"
like 'two builds: said' "$out" '^Two builds of the program'

# --- the command line -------------------------------------------------------------------------------

run "$leakwatch" diff --help
is '--help: exit 0' "$status" 0
run "$leakwatch" diff dump.1
is 'one dump: exit 2' "$status" 2
like 'one dump: said' "$err" 'takes two dumps'
run "$leakwatch" diff dump.1 "$scratch/none"
is 'no such file: exit 2' "$status" 2
like 'no such file: named' "$err" 'none: cannot open it'
run "$leakwatch" diff --colour dump.1 dump.2
is 'an unknown option: exit 2' "$status" 2
