#!/bin/sh
# What leaks or hangs is named, from dumps of a live process every 0.2 s; what is benign, or fixed, is not.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs jq curl
plan 83

export LEAKWATCH_INTERVAL=0.2 LEAKWATCH_TICK=0.05
stuck=$build/tests/hosts/stuck

# The verdicts of $pid on all its dumps, surest first: "deadlock proven 2+3; ..." (count, and how many behind).
verdicts() {
	"$leakwatch" report --json "$pid" >"$scratch/report.json" && json '[.verdicts[] |
		"\(.verdict) \(.certainty) \(.count)" + (if .behind == [] then "" else "+\(.behind | length)" end)
		] | join("; ")'
}

says() { verdicts | grep -Eqx -e "$1"; }

dumps_taken() {
	[ "$("$leakwatch" ps | awk -v pid="$pid" '$1 == pid { print $6 }')" -ge "$1" ] 2>/dev/null ||
		[ "$(find "$LEAKWATCH_DIR" -name "*-$pid-*.dump" | wc -l)" -ge "$1" ]
}

# --- ways to hang and to leak -----------------------------------------------------------------------------

found() { # MODE WANTED [N]
	start "$leakwatch" run -- "$stuck" "$1" ${3:+"$3"}
	ok "$1: $2" wait_for 20 says "$2"
	diag "$(verdicts)"
	stop "$pid"
}

found deadlock 'deadlock proven 2\+3'
found semaphore-deadlock 'deadlock likely 2\+3'
found self-lock 'deadlock proven 1'
found join-deadlock 'deadlock proven 2'
found rwlock-deadlock 'deadlock proven 2'
found dead-owner 'dead owner proven 3'
found stalled 'stalled likely 1\+3'
found hander 'stalled likely 1\+3'
found exhausted 'stalled likely 4'
found unjoined 'unjoined likely 5'
found unjoined-growing 'unjoined (likely|proven) [0-9]+'
found orphaned 'orphaned likely 5'
found pipes-left 'orphaned likely 5'
found growing 'growing likely [0-9]+'
found recovering 'recovered none [0-9]+'
found timers 'timer leak likely [0-9]+'

# --- the like without harm --------------------------------------------------------------------------------

innocent() { # MODE [N]: after ten dumps still no verdict, nor in any of these
	start "$leakwatch" run -- "$stuck" "$@"
	ok "$1: ten dumps" wait_for 20 dumps_taken 10
	is "$1: no verdict" "$(verdicts)" ''
	stop "$pid"
}

innocent leader
innocent contended
innocent join-in-order
innocent buffers
innocent loaded
innocent idle-pool
innocent busy-pool
innocent orphaned-pool
innocent growing-pool
innocent timers-deleted

start "$leakwatch" run -- "$stuck" idle-pool
ok 'idle-pool: ready' wait_for 20 dumps_taken 1
is 'idle-pool: told of when asked' \
	"$("$leakwatch" report --all --json "$pid" | jq -r '.verdicts[] | "\(.verdict) \(.certainty) \(.count)"')" \
	'idle none 16'
stop "$pid"

# --- the service with faults ------------------------------------------------------------------------------

listening() { grep -q '^listening on ' "$scratch/$pid.out"; }

load() { # PATH: a request every 60 ms, whose clients go away after half a second
	for load_request in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
		curl -s --max-time 0.5 -o "$scratch/page.$load_request" "$url/$1" &
		sleep 0.06
	done
}

serve() { # OPTION...
	start "$leakwatch" run -- "$build/demos/leakserver" "$@"
	wait_for 10 listening || diag "it does not listen: $(cat "$scratch/$pid.err")"
	url=http://$(sed -n 's/^listening on //p' "$scratch/$pid.out")
}

fault() { # PATH FUNCTION: its frame in the group that grows
	serve
	load "$1"
	ok "/$1: a leak" wait_for 10 says 'growing likely [0-9]+'
	like "/$1: named by its handler" \
		"$(json '.groups[] | select(.verdict == "growing") | .stack[], .created_by[] | .function')" "^$2\$"
	stop "$pid"
	serve -fix=all
	load "$1"
	is "/$1 fixed: no verdict" "$(verdicts)" ''
	stop "$pid"
}

fault slow slow_worker
fault result result_serve
fault query query_serve
fault fanout fanout_worker
fault pool pool_serve

# --- the demo, from one dump -------------------------------------------------------------------------------

one_dump() { # FUNCTION: the newest dump alone says so, of all threads, with where they wait and who made them
	"$leakwatch" report --json "$(newest)" >"$scratch/report.json" &&
		[ "$(json '.verdicts[] | "\(.verdict) \(.certainty) \(.count)"')" = 'never woken likely 2000' ] &&
		[ "$(json '.groups[0].stack[0].function')" = "$1" ] &&
		json '.groups[0].created_by[] | .function' | grep -qx crew_start
}
newest() { find "$LEAKWATCH_DIR" -name "*-$pid-*.dump" | sort | tail -n 1; }

for mode in recv send; do
	case $mode in recv) function=channel_receive ;; *) function=channel_send ;; esac
	start "$leakwatch" run --interval=1 -- "$build/demos/leaklab" -mode=leak-$mode -hold=60s
	ok "leak-$mode: one verdict from one dump" wait_for 20 one_dump "$function"
	ok "leak-$mode: and from several" wait_for 20 says '(never woken|growing) likely 2000'
	stop "$pid"
done

# --- run --fail-on ----------------------------------------------------------------------------------------

unset LEAKWATCH_INTERVAL LEAKWATCH_TICK
leaklab() { run "$leakwatch" run --fail-on=leak -- "$build/demos/leaklab" -mode="$1"; }

leaklab leak-recv
is 'leak-recv fails the run' "$status" 1
like 'leak-recv: one verdict over all threads' "$err" '^# 2000 threads: (never woken|unreachable) \(proven\)'
leaklab leak-send
is 'leak-send fails the run' "$status" 1
like 'leak-send: one verdict over all threads' "$err" '^# 2000 threads: (never woken|unreachable) \(proven\)'
leaklab leak-ticker
is 'leak-ticker fails the run' "$status" 1
like 'leak-ticker: its timer' "$err" '^# 1 timer: alive at exit \(proven\)'
for mode in fix-recv fix-send fix-ticker; do
	leaklab $mode
	is "$mode passes" "$status$err" 0
done

run "$leakwatch" run --fail-on=leak -- sh -c 'exit 7'
is "the program's own failure is passed on" "$status" 7

mkdir "$scratch/tmp"
exits() { run env TMPDIR="$scratch/tmp" "$leakwatch" run --fail-on=leak -- "$build/tests/hosts/exits" "$1"; }
exits late
is 'a thread that ends a little later is no leak' "$status$err" 0
exits thread
is 'nor is the one that calls exit' "$status$err" 0
exits unjoined
is 'a finished thread is, if it was not joined' "$status" 1
like 'unjoined: said' "$err" '^# 1 finished thread: alive at exit \(proven\)'
exits server
is 'a child of a fork server fails the run' "$status" 1
is 'and only the one that leaks is told of' "$(printf '%s\n' "$err" | grep -c ', at exit$')" 1
# shellcheck disable=SC2016 # for the shell below
run env TMPDIR="$scratch/tmp" "$leakwatch" run --fail-on=leak -- \
	sh -c 'for mode in late unjoined late thread; do "$0" $mode & done; wait' "$build/tests/hosts/exits"
is 'of tests that run side by side one leak fails the run' "$status" 1
is 'and only that one is told of' "$(printf '%s\n' "$err" | grep -c ', at exit$')" 1
# shellcheck disable=SC2016 # for the shell below
run env TMPDIR="$scratch/tmp" "$leakwatch" run --fail-on=leak -- \
	sh -c 'for mode in late thread late late; do "$0" $mode & done; wait' "$build/tests/hosts/exits"
is 'of those without leaks none does' "$status$err" 0
exits quick
is '_exit: the exit code is passed on' "$status" 0
like '_exit: not judged, and said' "$err" 'ended without a dump at exit: not judged$'
is 'nothing is left behind' "$(ls "$scratch/tmp")" ''

cat >"$scratch/rules" <<-END
	# the demo's workers
	created_by:^crew_start\$
	thread:nobody
	name:old expires:2020-01-31
END
run "$leakwatch" run --fail-on=leak --suppressions="$scratch/rules" -- "$build/demos/leaklab" -mode=leak-send
is 'a rule holds it back' "$status" 0
like 'one that matched nothing is told of' "$err" 'rules:3: the rule matched nothing'
like 'one that expired too' "$err" 'rules:4: the rule has expired'
echo 'thread nobody' >"$scratch/rules"
run "$leakwatch" run --fail-on=leak --suppressions="$scratch/rules" -- true
is 'a bad rule: exit 2' "$status" 2
