#!/bin/sh
# When dumps are taken: on an interval, on request, at exit; how many are kept; and that the program ends as it would
# have, however it ends.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs jq
plan 27

hosts=$build/tests/hosts
leaklab=$build/demos/leaklab

reasons() {
	sed -n 's/^# dump .* reason=\([a-z]*\) .*/\1/p' "$LEAKWATCH_DIR"/*.dump | sort | uniq -c | xargs
}

sequences() {
	sed -n 's/^# dump sequence=\([0-9]*\) .*/\1/p' "$LEAKWATCH_DIR"/*.dump | xargs
}

newest() {
	sequences | awk '{ print $NF }'
}

reached() { # SEQUENCE
	[ "$(newest)" -ge "$1" ]
}

clear_dumps() {
	rm -f "$LEAKWATCH_DIR"/*.dump
}

parked() { # OPTION...
	start "$leakwatch" run "$@" -- "$hosts/parked" 3
	wait_for 20 grep -q ready "$scratch/$pid.out" || diag 'no parked threads'
}

# --- interval ---------------------------------------------------------------------------------------

parked --interval=0.05 --keep=4
ok 'dumps are taken on an interval' wait_for 20 reached 9
stop "$pid"
is 'for that reason' "$(reasons)" '4 interval'
last=$(newest)
is 'the newest are kept, as many as were said' "$(sequences)" "$((last - 3)) $((last - 2)) $((last - 1)) $last"
is 'none is left half-written' "$(find "$LEAKWATCH_DIR" -name '.*dump')" ''
is 'each can be read' "$(broken)" ''
run "$leakwatch" report --json "$LEAKWATCH_DIR"
is 'the newest is reported' "$(printf '%s' "$out" | jq '.dump.sequence')" "$last"
clear_dumps

parked --interval=0.02 --keep=0
ok 'with --keep=0' wait_for 20 reached 8
stop "$pid"
is 'all are kept' "$(sequences)" "$(seq "$(newest)" | xargs)"
clear_dumps

parked --interval=0
wait_for 20 test -S "$LEAKWATCH_DIR/$pid.sock"
"$leakwatch" dump "$pid" >/dev/null
"$leakwatch" dump "$pid" >/dev/null
is 'with --interval=0 dumps are taken on request only' "$(reasons)" '2 request'

# --- request ----------------------------------------------------------------------------------------

run "$leakwatch" dump "$pid"
is 'a requested dump is stored' "$(head -n 1 "$out")" '# leakwatch dump 1'
is 'under its name' "${out##*/}" "parked-$pid-$(cut -d ' ' -f 22 "/proc/$pid/stat")-000003.dump"
is 'for its user alone' "$(stat -c %a "$out")" 600
run "$leakwatch" report --json "$pid"
is 'report PID takes one more' "$status $(printf '%s' "$out" | jq -r '"\(.dump.reason) \(.dump.sequence) \(.totals.threads)"')" \
	'0 request 4 4'

burst=
for _ in 1 2 3 4 5 6; do
	"$leakwatch" dump "$pid" >>"$scratch/burst" 2>&1 &
	burst="$burst $!"
done
failed=
for client in $burst; do
	wait "$client" || failed=yes
done
is 'six clients at once each get a dump of their own' "$failed $(sort -u "$scratch/burst" | grep -c '\.dump$')" ' 6'
stop "$pid"
is 'a signal ends it as ever' "$status" 143
is 'without a dump at exit, for it was not asked for' "$(reasons)" '10 request'
clear_dumps

# --- exit -------------------------------------------------------------------------------------------

run "$leakwatch" run --at-exit -- "$leaklab" -mode=leak-recv -n=7
is 'a program returns from main' "$status" 0
is 'a dump is taken at exit' "$(reasons)" '1 exit'
"$leakwatch" report --json "$LEAKWATCH_DIR" >"$scratch/report.json"
is 'of all its threads' "$(json '"\(.totals.threads) \(.groups[0].count) \(.groups[0].stack[0].function)"')" \
	'8 7 channel_receive'
clear_dumps

run "$leakwatch" run -- "$leaklab" -mode=leak-recv -n=7
is 'without --at-exit there is none' "$status $(stored)" '0 0'

run "$leakwatch" run --at-exit -- "$leaklab" -mode=nonsense
is 'an exit code passes through' "$status" 2

# Not SIGINT, which a shell's background job ignores.
for signal in USR1 HUP KILL ABRT; do
	parked --at-exit
	stop "$pid" "$signal"
	is "SIG$signal ends a program as ever" "$status" "$(env kill -l "$signal" | sed 's/.*/128 + &/' | xargs expr)"
done
is 'such an end takes no dump' "$(stored)" 0
is 'and half of one is never left' "$(find "$LEAKWATCH_DIR" -name '.*dump')" ''
