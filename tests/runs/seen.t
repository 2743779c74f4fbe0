#!/bin/sh
# A thread parked in each call that waits, and what the report says of it: the kind of wait, the object,
# whether it has a time limit, the age, the stack from the parking function out, the descriptor explained.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

command -v jq >/dev/null || skip_all 'jq is not installed'
export LEAKWATCH_TICK=0.02 DEBUGINFOD_URLS=
age_min_ns=40000000 # two ticks

# One line a thread: name, wait, timed, object, age, functions from the innermost out, detail.
threads_of() { # JSON
	jq -r '.groups[] | . as $group | .threads[] | [.name, $group.wait,
		(if $group.timed == null then -1 elif $group.timed then 1 else 0 end),
		.object // "-", .since_ns // 0,
		([$group.stack[].function // "?" | gsub("\\(.*"; "")] | "," + join(",") + ","),
		.object_detail // "-"] | @tsv' "$1"
}

# Compares a line of what is expected with the threads found, in $scratch/found; says what differs.
expected_found() { # NAME WAIT TIMED OBJECT FUNCTION DETAIL
	# By the environment: awk reads escapes in its own assignments.
	NAME=$1 WAIT=$2 TIMED=$3 OBJECT=$4 FUNCTION=$5 DETAIL=$6 AGE=$age_min_ns awk -F '\t' '
		BEGIN { name = ENVIRON["NAME"]; wait = ENVIRON["WAIT"]; timed = ENVIRON["TIMED"]
			object = ENVIRON["OBJECT"]; function_ = ENVIRON["FUNCTION"]
			detail = ENVIRON["DETAIL"]; age = ENVIRON["AGE"] + 0 }
		$1 != name { next }
		{ wrong = "" }
		$2 != wait { wrong = wrong " wait=" $2 }
		$3 != timed { wrong = wrong " timed=" $3 }
		$4 !~ "^(" object ")$" { wrong = wrong " object=" $4 }
		wait != "running" && $5 < age { wrong = wrong " since_ns=" $5 }
		function_ != "-" && index($6, "," function_ ",") == 0 { wrong = wrong " stack=" $6 }
		detail != "-" && $7 !~ ("^" detail "$") { wrong = wrong " detail=" $7 }
		{ print name ":" wrong; if (wrong == "") found = 1 }
		END { if (!found) exit 1 }' "$scratch/found"
}

# Takes a dump and compares it with the file of what is expected; "skip" lines are passed over.
all_found() { # PID EXPECTED
	"$leakwatch" dump -o "$scratch/dump" "$1" >/dev/null &&
		"$leakwatch" report --json "$scratch/dump" >"$scratch/json" || return 1
	threads_of "$scratch/json" >"$scratch/found"
	while IFS="$tab" read -r name wait timed object function detail; do
		[ "$name" = skip ] || expected_found "$name" "$wait" "$timed" "$object" "$function" "$detail" ||
			return 1
	done <"$2"
}

# One test a line of what is expected. Until all is as it should be, or the deadline: threads may still be on
# their way into the wait, and ages need ticks.
lines_test() { # PID EXPECTED
	wait_for 20 all_found "$1" "$2" || all_found "$1" "$2" >/dev/null
	while IFS="$tab" read -r name wait timed object function detail; do
		if [ "$name" = skip ]; then
			skip "$wait" "$timed"
		else
			ok "$name" expected_found "$name" "$wait" "$timed" "$object" "$function" "$detail"
		fi
	done <"$2"
}

tab=$(printf '\t')
host=$build/tests/hosts/park
"$host" --list >"$scratch/c.names"
c_count=$(wc -l <"$scratch/c.names")
plan $((c_count + 2))

start "$leakwatch" run "$host"
wait_for 20 grep -q '^ready$' "$scratch/$pid.out" || diag "$(cat "$scratch/$pid.err")"
grep -v '^ready$' "$scratch/$pid.out" >"$scratch/c.expected"
lines_test "$pid" "$scratch/c.expected"
is 'every spot was tried' "$(wc -l <"$scratch/c.expected")" "$c_count"
kill -TERM "$pid"
wait "$pid"
is 'the program ends as it should' "$?" 0
