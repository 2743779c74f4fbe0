#!/bin/sh
# What can never end is proven; what one last place still leads to is not, wherever that is. hosts/hidden.c has the places.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
hidden=$build/tests/hosts/hidden
plugin=$build/tests/hosts/plugin
# Who thinks has the lowest priority: on a busy machine that takes its time.
export LEAKWATCH_INTERVAL=0 LEAKWATCH_TICK=0.01 LEAKWATCH_AT_EXIT=1 LEAKWATCH_PROVE_EXIT=1 LEAKWATCH_PROVE_LIMIT=50

"$hidden" --list >"$scratch/kinds"
kinds=$(wc -l <"$scratch/kinds")
proven=$(grep -c 'proven$' "$scratch/kinds")
plan $((kinds + 2 * proven + 9))

# The verdict, the reasons and the kind of the first link of each row of the last program's dump, each once; "proven"
# for a verdict without a reason.
said() {
	sed -n '/^--- leakwatch proof ---$/,/^$/p' "$LEAKWATCH_DIR"/*-"$pid"-*.dump |
		sed -n 's/^[0-9][0-9]* \([a-z]*\) \([a-z_,-]*\) \([a-z]*\).*/\1 \2 \3/p' |
		sed 's/^unreachable - $/proven/; s/^unreachable \(.*\) $/\1/; s/ - / /; s/ $//' | sort -u
}

ready() {
	grep -q ready "$scratch/$pid.out"
}

# Starts a kind, and has it exit once everything waits. Messages that it left in a queue go with it.
look() { # PROGRAM KIND
	start env LD_PRELOAD="$shim" "$1" "$2" "$plugin"
	wait_for 10 ready || diag "$2 is not ready: $(cat "$scratch/$pid.err")"
	stop "$pid"
	queue=$(sed -n 's/^queue //p' "$scratch/$pid.out")
	[ -z "$queue" ] || ipcrm -q "$queue"
}

while read -r kind says; do
	look "$hidden" "$kind"
	case $says in
	reached) is "$kind: $says" "$(said | cut -d' ' -f1)" reached ;;
	*) is "$kind: $says" "$(said)" "$says" ;;
	esac
done <"$scratch/kinds"

# Without optimisation, and while other threads come and go.
sed -n 's/\tproven$//p' "$scratch/kinds" >"$scratch/proven"
while read -r kind; do
	look "$build/tests/hosts/hidden0" "$kind"
	is "$kind at -O0: proven" "$(said)" proven
	# Of others that run all the time a picture does not always come out sharp.
	for _ in 1 2 3 4 5; do
		NOISE=1 look "$build/tests/hosts/hidden0" "$kind"
		[ "$(said)" != proven ] || break
	done
	is "$kind among others: proven" "$(said)" proven
done <"$scratch/proven"

# --- other allocators -----------------------------------------------------------------------------------

for allocator in libjemalloc.so.2 libtcmalloc_minimal.so.4; do
	if ldconfig -p | grep -q "$allocator"; then
		start env LD_PRELOAD="$shim:$allocator" "$hidden" sem
		wait_for 10 ready
		stop "$pid"
		is "in the heap of $allocator everything is reached" "$(said)" 'reached anonymous'
	else
		skip "in the heap of $allocator everything is reached" 'it is not installed'
	fi
done

# --- when -----------------------------------------------------------------------------------------------

unset LEAKWATCH_PROVE_EXIT
look "$hidden" sem
is 'who does not ask gets no proof' "$(said)" ''

export LEAKWATCH_INTERVAL=0.1 LEAKWATCH_PROVE_EVERY=3
start env LD_PRELOAD="$shim" "$hidden" sem
sixth() {
	ls "$LEAKWATCH_DIR"/hidden-"$pid"-*-000006.dump
}
ok 'dumps are taken by interval' wait_for 10 sixth
is 'each third has a proof' \
	"$(cd "$LEAKWATCH_DIR" && grep -lx -e '--- leakwatch proof ---' hidden-"$pid"-*-00000[1-6].dump |
		sed 's/.*-0*\(.*\).dump/\1/' | tr '\n' ' ')" '3 6 '
children() {
	cat /proc/"$pid"/task/*/children
}
no_child() {
	[ -z "$(children)" ]
}
ok 'no child is left behind' wait_for 10 no_child
stop "$pid"

# --- what cannot be done is not measured ----------------------------------------------------------------

export LEAKWATCH_INTERVAL=0 LEAKWATCH_PROVE_EVERY=0 LEAKWATCH_PROVE_EXIT=1
LEAKWATCH_PROVE_LIMIT=0 look "$hidden" sem
is 'without time nothing is measured' "$(said)" 'unmeasured limit'
is 'and the program ends as it would' "$status" 0
start "$build/tests/hosts/filtered" env LD_PRELOAD="$shim" "$hidden" sem
wait_for 10 ready
stop "$pid"
# What lies in pipes that the test was started with is not known then.
like 'a filter of system calls from before the start is no hindrance' "$(said)" '^(proven|kernel)$'
