# tests/lib.sh - TAP, waiting and cleaning up for tests in shell.
#
#	#!/bin/sh
#	# What this test shows, in a line.
#	# shellcheck source=tests/lib.sh
#	. "$(dirname "$0")/../lib.sh"
#	plan 3
#	start "$build/demos/leaklab" -mode=leak-recv	# in the background; killed at the end
#	ok 'it comes up' wait_for 5 test -S "$LEAKWATCH_DIR/$pid.sock"
#	run "$leakwatch" ps				# sets $status, $out and $err
#	is 'ps succeeds' "$status" 0
#	like 'ps names it' "$out" "^ *$pid +leaklab"
#
# Variables set for the test:
#	$build $leakwatch $shim		the build under test ($LEAKWATCH_BUILD), absolute
#	$scratch			an empty 0700 directory of this test, removed at the end
#	$LEAKWATCH_DIR			$scratch/dumps, exported; the other LEAKWATCH_* are unset
#
# Functions:
#	plan N				first of all
#	skip_all REASON			instead of plan: ends the test here, as skipped
#	ok NAME COMMAND...		passes if COMMAND succeeds; a failing one's output is shown
#	is NAME GOT WANTED		passes if both texts are equal
#	like NAME TEXT REGEX		passes if a line of TEXT matches (grep -E); unlike: if none does
#	skip NAME REASON		counts as a test
#	diag TEXT			a remark in the output
#	run COMMAND...			sets $status, $out (stdout), $err (stderr); always succeeds
#	start COMMAND...		runs it in the background, sets $pid; its output is in
#					$scratch/$pid.out and $scratch/$pid.err
#	stop PID [SIGNAL]		ends what start() started, by SIGTERM if not said; sets $status to
#					its exit code, 137 if it did not end in time and was killed
#	own PID				kill PID at the end as well
#	wait_for SECONDS COMMAND...	repeats COMMAND until it succeeds; fails after SECONDS, which a busy
#					machine gets three times. COMMAND may be a function; its output is dropped
#
# What failed, and why, is said on standard error, where prove does not hide it.
# Nothing sleeps for a state. Processes are killed by the pid of their start, never by name.
# shellcheck shell=sh

set -u

build=${LEAKWATCH_BUILD:-$(dirname "$0")/../../build}
if ! build=$(cd "$build" && pwd) || ! [ -x "$build/leakwatch" ]; then
	echo "Bail out! no build in ${LEAKWATCH_BUILD:-build}"
	exit 1
fi
# shellcheck disable=SC2034 # for the tests
leakwatch=$build/leakwatch shim=$build/libleakwatch.so

scratch=$(mktemp -d "${TMPDIR:-/tmp}/leakwatch-test.XXXXXX") || exit 1
unset LEAKWATCH_INTERVAL LEAKWATCH_KEEP LEAKWATCH_AT_EXIT LEAKWATCH_PROVE_EVERY LEAKWATCH_PROVE_EXIT
export LEAKWATCH_DIR="$scratch/dumps"
mkdir -m 700 "$LEAKWATCH_DIR"

test_planned=0 test_count=0 test_failed=0 test_pids=
test_output=$scratch/ok.out

test_end() {
	for test_pid in $test_pids; do
		kill -KILL "$test_pid" 2>/dev/null
		wait "$test_pid" 2>/dev/null
	done
	rm -rf "$scratch"
	if [ "$test_count" -ne "$test_planned" ]; then
		echo "# planned $test_planned tests, ran $test_count" >&2
		exit 1
	fi
	[ "$test_failed" -eq 0 ] || exit 1
}
trap test_end EXIT
trap 'exit 1' HUP INT PIPE TERM

plan() {
	test_planned=$1
	echo "1..$1"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

diag() {
	printf '%s\n' "$1" | sed 's/^/# /'
}

test_result() { # STATUS NAME
	test_count=$((test_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $test_count - $2"
	else
		test_failed=$((test_failed + 1))
		echo "not ok $test_count - $2"
		diag "$0: not ok $test_count - $2" >&2
	fi
}

ok() {
	test_name=$1
	shift
	"$@" >"$test_output" 2>&1
	test_status=$?
	test_result "$test_status" "$test_name"
	if [ "$test_status" -ne 0 ]; then
		diag "exit code $test_status of: $*" >&2
		diag "$(head -n 20 "$test_output")" >&2
	fi
	return 0
}

is() {
	if [ "$2" = "$3" ]; then
		test_result 0 "$1"
	else
		test_result 1 "$1"
		diag "got:    $2" >&2
		diag "wanted: $3" >&2
	fi
}

like() {
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		test_result 0 "$1"
	else
		test_result 1 "$1"
		diag "got: $2" >&2
		diag "wanted a line that matches: $3" >&2
	fi
}

unlike() {
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		test_result 1 "$1"
		diag "got: $2" >&2
		diag "wanted no line that matches: $3" >&2
	else
		test_result 0 "$1"
	fi
}

skip() {
	test_count=$((test_count + 1))
	echo "ok $test_count - $1 # SKIP $2"
}

# shellcheck disable=SC2034 # for the tests
run() {
	"$@" >"$scratch/run.out" 2>"$scratch/run.err" </dev/null
	status=$?
	out=$(cat "$scratch/run.out")
	err=$(cat "$scratch/run.err")
}

start() {
	# The files get the pid's name afterwards: it is known only then, and renaming keeps them open.
	"$@" >"$scratch/start.out" 2>"$scratch/start.err" </dev/null &
	pid=$!
	test_pids="$test_pids $pid"
	until [ -e "$scratch/start.err" ]; do :; done
	mv "$scratch/start.out" "$scratch/$pid.out"
	mv "$scratch/start.err" "$scratch/$pid.err"
}

test_ended() {
	! grep -q '^State:.[^Z]' "/proc/$1/status"
}

# shellcheck disable=SC2034 # for the tests
stop() {
	kill "-${2:-TERM}" "$1"
	wait_for 20 test_ended "$1" || kill -KILL "$1"
	wait "$1" 2>/dev/null
	status=$?
	test_pids=$(printf '%s' "$test_pids " | sed "s/ $1 / /")
}

own() {
	test_pids="$test_pids $1"
}

wait_for() {
	test_deadline=$(($(date +%s%N) + 3 * $1 * 1000000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s%N)" -lt "$test_deadline" ] || return 1
		sleep 0.05
	done
}
