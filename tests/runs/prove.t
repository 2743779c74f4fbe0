#!/bin/sh
# Proofs by reachability, from the program to the report: a channel that nobody else has any more is proven unreachable from one
# dump, with 2,000 threads; one that main still has is not, and the report says who has it; a fix has no verdict.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs jq
plan 28

leaklab=$build/demos/leaklab

# leaklab in its middle stage, where all workers wait, or tick.
lab() { # MODE WORKERS
	start "$leakwatch" run -- "$leaklab" -mode="$1" -n="$2" -linger=100s
	wait_for 30 grep -Eq 'still blocked|ticking' "$scratch/$pid.out" || diag "no $1"
}

proved() { # OPTION...: the report of a proof of $pid, in $out
	run "$leakwatch" report --prove "$@" "$pid"
}

findings() { # of the JSON report in $out
	printf '%s\n' "$out" | jq -r '[.verdicts[] | "\(.verdict) \(.certainty) \(.count)"] | join(", ")'
}

# Timers of the same user make it possible that signals wait with a value: that must not lower the word.
start "$leaklab" -mode=leak-ticker -hold=100s

# --- an orphan ------------------------------------------------------------------------------------------

lab leak-orphan 2000
proved --json
is 'leak-orphan: proven, and nothing else is said' "$(findings)" 'unreachable proven 2000'
is 'leak-orphan: from one dump' "$(find "$LEAKWATCH_DIR" -name '*.dump' | wc -l)" 1
is 'leak-orphan: all waits were looked at' \
	"$(printf '%s\n' "$out" | jq -c '.proof | [.unreachable, .reached, .unmeasured, .pictures]')" '[2000,0,0,2]'
is 'leak-orphan: each thread says so' \
	"$(printf '%s\n' "$out" | jq '[.groups[].threads[] | select(.proof.verdict == "unreachable" and .proof.reasons == [])] | length')" 2000
proved
like 'leak-orphan: the page says it first' "$(printf '%s\n' "$out" | sed -n '8p')" '^# 2000 threads: unreachable \(proven\)$'
like 'leak-orphan: with where they wait' "$out" '^#   waiting on a condition variable in channel_receive \(channel.c:[0-9]+\), from orphan_worker'
run "$leakwatch" report --debug=2 "$LEAKWATCH_DIR"
is 'leak-orphan: a later look at the dumps says the same, as Go does' \
	"$(printf '%s\n' "$out" | grep -c '^thread [0-9]* \[cond_wait (leaked)\]')" 2000
run "$leakwatch" dump "$pid"
run "$leakwatch" report --json "$LEAKWATCH_DIR"
is 'leak-orphan: so does a dump without a proof, after those with one' "$(findings)" 'unreachable proven 2000'
is 'leak-orphan: which has none of its own' "$(printf '%s\n' "$out" | jq -c .proof)" null
stop "$pid"
is 'leak-orphan: the program ends as ever' "$status" 0

# --- nobody to judge ------------------------------------------------------------------------------------

rm -f "$LEAKWATCH_DIR"/*.dump
lab leak-ticker 20
proved --json
is 'leak-ticker: no wait is a candidate, so no copy is made' \
	"$(printf '%s\n' "$out" | jq -c '.proof | [.unreachable, .reached, .unmeasured, .pictures, .stall_ns]')" '[0,0,0,0,0]'
proved
like 'leak-ticker: the page says so' "$out" '^# proof: no thread waits, without a time limit, for an object in memory or for another thread$'
stop "$pid"

# --- kept -----------------------------------------------------------------------------------------------

rm -f "$LEAKWATCH_DIR"/*.dump
lab leak-recv 200
proved --json
unlike 'leak-recv: nothing is proven while its function has the channel' "$(findings)" 'unreachable'
is 'leak-recv: it is reached' "$(printf '%s\n' "$out" | jq -c '.proof | [.unreachable, .reached]')" '[0,200]'
is 'leak-recv: from the stack of the main thread' \
	"$(printf '%s\n' "$out" | jq -r '.groups[0].threads[0].proof.chain[0] | "\(.link) \(.thread)"')" 'stack 1'
proved
like 'leak-recv: the page names the frame' "$out" \
	'^# Still reachable: the stack of the main thread, in [a-z_]+ \(leaklab.c:[0-9]+\) -> .*condition variable\.$'
stop "$pid"

lab fix-orphan 50
proved --json
is 'fix-orphan: no verdict' "$(findings)" ''
is 'fix-orphan: though its workers wait' "$(printf '%s\n' "$out" | jq -c '.proof | [.unreachable, .reached]')" '[0,50]'
run "$leakwatch" dump --prove -o "$scratch/dump" "$pid"
is 'dump --prove' "$status $out$err" "0 $scratch/dump"
is 'dump --prove: its rows' "$(grep -c '^[0-9]* reached - ' "$scratch/dump")" 50
stop "$pid"

# --- at exit, and now and then -----------------------------------------------------------------------------

run "$leakwatch" run --fail-on=leak -- "$leaklab" -mode=leak-orphan -n=100 -linger=0
is 'run --fail-on=leak fails' "$status" 1
like 'run --fail-on=leak: with the proof' "$err" '^# 100 threads: unreachable \(proven\)$'
is 'run --fail-on=leak: and nothing else' "$(printf '%s\n' "$err" | grep -c '^# [0-9]* .*(proven)$')" 1
run "$leakwatch" run --fail-on=leak -- "$leaklab" -mode=fix-orphan -n=100 -linger=0
is 'run --fail-on=leak: the fix passes' "$status$err" 0

rm -f "$LEAKWATCH_DIR"/*.dump
export LEAKWATCH_TICK=0.05
start "$leakwatch" run --interval=0.2 --prove-every=2 -- "$leaklab" -mode=leak-orphan -n=20 -linger=100s
dumps_with_proof() { grep -l '^# proof ' "$LEAKWATCH_DIR"/*.dump; }
several() { [ "$(dumps_with_proof | wc -l)" -ge 2 ]; }
ok 'run --prove-every: dumps by time have proofs' wait_for 20 several
stop "$pid"
is 'run --prove-every: each second one' \
	"$(dumps_with_proof | sed 's/.*-0*\([0-9]*\)\.dump/\1/' | awk 'NR > 1 { print $1 - last } { last = $1 }' | sort -u)" 2
run "$leakwatch" report --json "$LEAKWATCH_DIR"
is 'run --prove-every: proven' "$(findings)" 'unreachable proven 20'
run "$leakwatch" run --prove-every=0 env
like 'run --prove-every: 0 is never' "$out" '^LEAKWATCH_PROVE_EVERY=0$'
