#!/bin/sh
# Stacks are whole: of programs built in several ways, with deep stacks, alloca, aligned and large locals, and
# handlers of signals, waiting where a wrapper sees it and where none does, the functions equal gdb's from the outermost
# frame in. The share is printed, and what differs by its cause; the bar is 100 %.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs gdb jq cc c++
plan 32

tests=$(cd "$(dirname "$0")/.." && pwd)

build_and_compare() { # NAME THREADS COMPILER SOURCE FLAGS...
	name=$1 threads=$2 compiler=$3 source=$4
	shift 4
	ok "$name: it is built" "$compiler" -D_GNU_SOURCE -g -pthread "$@" -o "$scratch/$name" "$tests/hosts/$source"
	start "$leakwatch" run "$scratch/$name"
	wait_for 30 grep -q ready "$scratch/$pid.out" || diag "$(cat "$scratch/$pid.err")"
	run "$tests/oracle/gdb-compare.sh" "$leakwatch" "$pid" "$scratch/oracle-$name"
	is "$name: gdb sees the same stacks" "$status" 0
	diag "$out"
	is "$name: of all threads" "$(printf '%s\n' "$out" | awk '/^parked threads:/ { print $5 + $NF }')" "$threads"
	guessed=$(jq '[.groups[] | select(any(.stack[]; .guessed)) | .count] | add // 0' "$scratch/oracle-$name/now.json")
	diag "$name: $guessed threads with guessed frames"
	is "$name: no stack is cut short" \
		"$(jq '[.groups[] | select(.partial) | .count] | add // 0' "$scratch/oracle-$name/now.json")" 0
	stop "$pid"
}

c=37 cxx=16
build_and_compare O0 $c cc deep.c -O0
build_and_compare O2 $c cc deep.c -O2
build_and_compare O2-fp $c cc deep.c -O2 -fno-omit-frame-pointer
build_and_compare O3-lto $c cc deep.c -O3 -flto
build_and_compare xx-O0 $cxx c++ deepxx.cc -std=gnu++20 -O0
build_and_compare xx-O2 $cxx c++ deepxx.cc -std=gnu++20 -O2
build_and_compare xx-O2-fp $cxx c++ deepxx.cc -std=gnu++20 -O2 -fno-omit-frame-pointer
build_and_compare xx-O3-lto $cxx c++ deepxx.cc -std=gnu++20 -O3 -flto
