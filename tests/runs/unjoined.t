#!/bin/sh
# Threads that finished and were never joined: each is in the report with its creation stack, its start routine and
# the stack that it still holds, whatever way it ended. Joined and detached ones are not, and those left are gone once
# they are joined or detached, too.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

command -v jq >/dev/null || skip_all 'jq is not installed'
export DEBUGINFOD_URLS="" LEAKWATCH_TICK=0.05
tab=$(printf '\t')

# One line a thread: creating function, start routine, stack bytes.
unjoined_of() { # PID
	"$leakwatch" dump -o "$scratch/dump" "$1" >/dev/null &&
		"$leakwatch" report --json "$scratch/dump" >"$scratch/json" &&
		jq -r '.unjoined[] | . as $group | .threads[] | [
			([$group.created_by[].function // "" | select(startswith("make_"))] | first // "-"),
			$group.start_routine.function, .stack_bytes] | @tsv' "$scratch/json" | sort >"$scratch/found"
}

total() {
	jq -r .totals.unjoined "$scratch/json"
}

plan 15
mkfifo "$scratch/input"
start "$leakwatch" run sh -c "exec \"$build/tests/hosts/unjoined\" <\"$scratch/input\""
exec 3>"$scratch/input"
wait_for 20 grep -q '^ready$' "$scratch/$pid.out" || diag "$(cat "$scratch/$pid.err")"
grep -v '^ready$' "$scratch/$pid.out" | sort >"$scratch/expected"

wait_for 20 unjoined_of "$pid"
while IFS="$tab" read -r maker start bytes; do
	ok "$maker" grep -Fqx "$maker$tab$start$tab$bytes" "$scratch/found"
done <"$scratch/expected"
is 'nothing else is listed' "$(cat "$scratch/found")" "$(cat "$scratch/expected")"
is 'the total says so' "$(total)" "$(wc -l <"$scratch/expected")"
is 'all others are gone' "$(jq .totals.threads "$scratch/json")" 1
is 'every thread was seen to finish' "$(jq '.totals.started - .totals.exited' "$scratch/json")" 0

has_age() {
	unjoined_of "$pid" && jq -e 'all(.unjoined[].threads[]; .since_ns > 0)' "$scratch/json"
}
ok 'they have ages' wait_for 20 has_age

echo >&3
wait_for 20 grep -q '^joined$' "$scratch/$pid.out" || diag "$(cat "$scratch/$pid.err")"
unjoined_of "$pid"
is 'once they are joined or detached, none is listed' "$(cat "$scratch/found")" ''
is 'and none counted' "$(total)" 0
exec 3>&-
wait "$pid"
is 'the program ends as it should' "$?" 0
