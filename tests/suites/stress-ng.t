#!/bin/sh
# stress-ng's stressors of threads, locks, timers, pipes and processes, which verify what they do: with the shim
# they succeed as without. Each ends after so many operations, or after some seconds, so that a hang is seen.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs stress-ng

# Of one worker each for mutex, whose threads of real time keep the others' from starting; and for sem, which goes
# on for the whole time.
stressors='pthread:2:3000:60 mutex:1:100000:60 sem:1:50000:3 sem-sysv:2:100000:60 futex:2:50000:60 timer:2:20000:60
	timerfd:2:5000:60 pipe:2:200000:60 epoll:2:5000:60 fork:2:1500:60 vfork:2:1500:60'
# shellcheck disable=SC2086 # a list of words
set -- $stressors
plan $(($# * 2 + 2))

# Runs JOB by the words behind it; sets $verdict.
stress() {
	IFS=: read -r stressor workers operations seconds <<-END
		$1
	END
	shift
	run "$@" stress-ng --"$stressor" "$workers" --"$stressor"-ops "$operations" --timeout "$seconds" \
		--verify --seed 4711 --temp-path "$scratch" --metrics
	printf '%s\n%s\n' "$out" "$err" >"$scratch/log"
	done_operations=$(awk -v name="$stressor" '$2 == "metrc:" && $4 == name && $5 ~ /^[0-9]+$/ { print $5; exit }' \
		"$scratch/log")
	verdict="exit $status, enough: $([ "${done_operations:-0}" -ge "$operations" ] && echo yes)
$(grep 'fail:' "$scratch/log")"
}

for job; do
	stress "$job"
	is "$stressor without the shim" "$verdict" "exit 0, enough: yes
"
	plain=$verdict
	stress "$job" "$leakwatch" run --interval=0.1 --
	is 'and with it' "$verdict" "$plain"
done
ok 'dumps were stored meanwhile' stored_more 2
is 'every one can be read' "$(broken)" ''
