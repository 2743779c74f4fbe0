#!/bin/sh
# leakwatch diff as it is typed: what is new, gone, grown, the same; within a process and across runs.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
plan 17

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
