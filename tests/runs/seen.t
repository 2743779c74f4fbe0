#!/bin/sh
# A thread parked in each call that waits, in C, C++ and Rust, in plugins and under libc's own locks, and what the
# report says of it: the kind of wait, the object, whether it has a time limit, the age, the stack from the
# parking function out, the descriptor explained.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

command -v jq >/dev/null || skip_all 'jq is not installed'
export LEAKWATCH_TICK=0.02 DEBUGINFOD_URLS=""
age_min_ns=40000000 # two ticks
tab=$(printf '\t')

# One line a thread: name, wait, timed, object, age, functions from the innermost out, detail. Functions without
# their parameters, Rust's without crate and hash.
threads_of() { # JSON
	jq -r '.groups[] | . as $group | .threads[] | [.name, $group.wait,
		(if $group.timed == null then -1 elif $group.timed then 1 else 0 end),
		.object // "-", .since_ns // 0,
		([$group.stack[].function // "?" | gsub("\\(.*|::h[0-9a-f]{16}$|^park::"; "")] |
			"," + join(",") + ","),
		.object_detail // "-"] | @tsv' "$1"
}

# Compares a line of what is expected with the threads found, in $scratch/found; says what differs.
expected_found() { # NAME WAIT TIMED OBJECT FUNCTIONS DETAIL
	# By the environment: awk reads escapes in its own assignments.
	NAME=$1 WAIT=$2 TIMED=$3 OBJECT=$4 FUNCTIONS=$5 DETAIL=$6 AGE=$age_min_ns awk -F '\t' '
		BEGIN { name = ENVIRON["NAME"]; wait = ENVIRON["WAIT"]; timed = ENVIRON["TIMED"]
			object = ENVIRON["OBJECT"]; functions = ENVIRON["FUNCTIONS"]
			detail = ENVIRON["DETAIL"]; age = ENVIRON["AGE"] + 0 }
		$1 != name { next }
		{ wrong = "" }
		$2 !~ ("^" wait "$") { wrong = wrong " wait=" $2 }
		$3 != timed { wrong = wrong " timed=" $3 }
		$4 !~ ("^" object "$") { wrong = wrong " object=" $4 }
		wait != "running" && $5 < age { wrong = wrong " since_ns=" $5 }
		functions != "-" && index($6, "," functions ",") == 0 { wrong = wrong " stack=" $6 }
		detail != "-" && $7 !~ ("^" detail "$") { wrong = wrong " detail=" $7 }
		{ print name ":" wrong; if (wrong == "") found = 1 }
		END { if (!found) exit 1 }' "$scratch/found"
}

# Takes a dump and compares it with the file of what is expected; "skip" lines are passed over.
all_found() { # PID EXPECTED
	"$leakwatch" dump -o "$scratch/dump" "$1" >/dev/null &&
		"$leakwatch" report --json "$scratch/dump" >"$scratch/json" || return 1
	threads_of "$scratch/json" >"$scratch/found"
	while IFS="$tab" read -r name wait timed object functions detail; do
		[ "$name" = skip ] ||
			expected_found "$name" "$wait" "$timed" "$object" "$functions" "$detail" || return 1
	done <"$2"
}

# One test a line of what is expected. Until all is as it should be, or the deadline: threads may still be on
# their way into the wait, and ages need ticks.
lines_test() { # PID EXPECTED
	wait_for 20 all_found "$1" "$2" || all_found "$1" "$2" >/dev/null
	while IFS="$tab" read -r name wait timed object functions detail; do
		if [ "$name" = skip ]; then
			skip "$wait" "$timed"
		else
			ok "$name" expected_found "$name" "$wait" "$timed" "$object" "$functions" "$detail"
		fi
	done <"$2"
}

# Starts a program that parks; its tests, and one that it is whole. Leaves $pid.
program_test() { # LANGUAGE COUNT COMMAND...
	language=$1 count=$2
	shift 2
	start "$leakwatch" run "$@"
	wait_for 30 grep -q '^ready$' "$scratch/$pid.out" || diag "$(cat "$scratch/$pid.err")"
	grep -v '^ready$' "$scratch/$pid.out" >"$scratch/expected"
	lines_test "$pid" "$scratch/expected"
	is "$language: all of them were tried" "$(wc -l <"$scratch/expected")" "$count"
}

names_count() { # COMMAND...
	"$@" --list | wc -l
}

hosts=$build/tests/hosts
rust=$scratch/park-rust
c_count=$(names_count "$hosts/park")
cxx_count=$(names_count "$hosts/parkxx")
plugged_count=$(names_count "$hosts/plugged")
if command -v rustc >/dev/null && rustc -O -g -o "$rust" "$(dirname "$0")/../hosts/park.rs" 2>"$scratch/rustc.err"; then
	rust_count=$(names_count "$rust")
else
	rust_count=0
fi
plan $((c_count + cxx_count + plugged_count + rust_count + 5 + 5))

program_test C "$c_count" "$hosts/park"
kill -TERM "$pid"
wait "$pid"
is 'C: it ends as it should' "$?" 0

# Where rare system calls are not made, sockets are found in the tables of the kernel, as far as these are read: on a
# busy machine that is not as far as the connections of TCP.
sockets='recv_tcp6 recv_udp accept accept_unix'
# shellcheck disable=SC2086 # names
program_test 'C, under a filter' 4 "$hosts/filtered" "$hosts/park" $sockets
kill -TERM "$pid"
wait "$pid"

program_test C++ "$cxx_count" "$hosts/parkxx"

cp "$hosts/plugin" "$scratch/plugin-1"
cp "$hosts/plugin" "$scratch/plugin-2"
PLUGIN_EARLY=1 LD_PRELOAD="$hosts/plugin" program_test plugins "$plugged_count" \
	"$hosts/plugged" "$scratch/plugin-1" "$scratch/plugin-2"

if [ "$rust_count" -gt 0 ]; then
	program_test Rust "$rust_count" "$rust"
else
	skip 'Rust' 'rustc is not installed'
fi
