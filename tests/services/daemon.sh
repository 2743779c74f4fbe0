# tests/services/daemon.sh - the life of a service without the shim and with it, on top of watch.sh.
#
# A test defines
#	serve WORDS...		starts the service by these words before its name; sets $pid, and $watched to
#				the process to look into if that is another; returns when it answers
#	converse		asks it many things; prints the answers, the same every time; fails if it got none
# and calls in this order, with checks of its own between them,
#	daemon_home USER	sets $home, an empty directory of that user, and $user: USER for root, else oneself
#	plan $((daemon_tests + N))
#	daemon_alone		starts, asks and stops it without the shim; the answers are in $scratch/plain
#	daemon_watched		starts it with the shim and asks until some dumps are stored, and proofs taken;
#				leaves it running with nothing to do, its report in $scratch/report.json
#	daemon_ends		compares its stacks with gdb's, sees that nothing is proven or said against it, and
#				stops it
# A service that creates no thread has no watcher: daemon_unwatched stands for the last two.
# More functions:
#	$as_user		words that run a command as $user, for services that do not change to it themselves
#	child_watched		waits for a child of $pid and sets $watched to it
#	waiting WAIT FUNCTION	how many threads of the report wait so, with that function on their stack,
#				or whatever is there if none is named
# shellcheck shell=sh disable=SC2154,SC2034 # lib.sh, and the test, set and use them

daemon_tests=15 daemon_unwatched_tests=7

# Proofs take two ticks each.
export LEAKWATCH_TICK=0.05

daemon_home() {
	home=$scratch/home user=$(id -un) as_user=
	mkdir "$home"
	[ "$(id -u)" -eq 0 ] || return 0
	# Who gives up being root has to come through to its files, and to the dumps.
	user=$1
	as_user="setpriv --reuid=$user --regid=$(id -g "$user") --init-groups"
	chown "$user" "$home"
	chmod 711 "$scratch"
	chmod 1777 "$LEAKWATCH_DIR"
}

child() {
	watched=$(cat "/proc/$pid/task"/*/children)
	watched=${watched% }
	[ -n "$watched" ]
}

child_watched() {
	wait_for 20 child || diag "$pid has no child: $(cat "$scratch/$pid.err")"
}

waiting() {
	json "[.groups[] | select(.wait == \"$1\" and (\"${2-}\" == \"\" or
		any(.stack[]; .function == \"${2-}\"))) | .count] | add // 0"
}

daemon_serve() {
	watched=
	serve "$@"
	: "${watched:=$pid}"
}

daemon_converse() { # ANSWERS
	converse >"$1" 2>"$scratch/converse.err" || {
		cat "$scratch/converse.err"
		return 1
	}
}

daemon_converse_until_stored() { # COUNT
	daemon_converse "$scratch/loaded"
	cmp "$scratch/plain" "$scratch/loaded" ||
		daemon_wrong=$(diff "$scratch/plain" "$scratch/loaded" | head -n 20)
	stored_more "$1"
}

# The service works while proofs are taken, until there are enough.
daemon_works() {
	while [ -e "$scratch/working" ]; do
		daemon_converse "$scratch/loaded" >/dev/null && cmp -s "$scratch/plain" "$scratch/loaded" ||
			echo 'wrong answers meanwhile'
	done
}

daemon_proves() { # HOW
	is "nothing is proven $1" "$(prove "$watched")" ''
	diag "$(proved)"
}

daemon_proves_at_work() {
	: >"$scratch/working"
	daemon_works >"$scratch/works" &
	works=$!
	daemon_proves 'while it works'
	rm "$scratch/working"
	wait "$works"
	daemon_wrong=$daemon_wrong$(cat "$scratch/works")
}

# All threads wait at once, and are those that the kernel has.
daemon_settled() {
	settled "$watched" || return 1
	tids "$watched" >"$scratch/tids"
	dumped >"$scratch/dumped"
	cmp "$scratch/dumped" "$scratch/tids"
}

daemon_alone() {
	daemon_serve
	ok 'without the shim it answers' daemon_converse "$scratch/plain"
	stop "$pid"
	daemon_status=$status
}

daemon_answers() {
	ok 'with the shim it answers' daemon_converse "$scratch/answers"
	ok 'the same' cmp "$scratch/plain" "$scratch/answers"
}

# The kernel keeps the descriptors of a process that gave up being root from itself, too: its files in /proc
# are root's then.
daemon_losses() {
	if [ "$(stat -c %u "/proc/$watched")" = "$(stat -c %u "/proc/$watched/syscall")" ]; then
		json '.losses | tojson'
	else
		json '.losses | del(.descriptors) | tojson'
	fi
}

daemon_watched() {
	daemon_serve "$leakwatch" run --interval=1 --
	daemon_answers
	daemon_wrong=
	ok 'dumps are stored while it works' wait_for 30 daemon_converse_until_stored 3
	daemon_proves_at_work
	is 'its answers stay right' "$daemon_wrong" ''
	ok 'a dump finds all threads waiting' wait_for 20 daemon_settled
	is 'and every one of them' "$(cat "$scratch/dumped")" "$(cat "$scratch/tids")"
	is 'without losses' "$(daemon_losses)" '{}'
	is 'every stack is whole, none guessed' \
		"$(json '[.groups[] | .partial or any(.stack[]; .guessed)] | any')" false
}

daemon_compare() {
	if ! command -v gdb >/dev/null; then
		skip 'gdb sees the same stacks' 'gdb is not installed'
		return
	fi
	run "$(dirname "$0")/../oracle/gdb-compare.sh" "$leakwatch" "$watched" "$scratch/oracle"
	case $out in # a service may have no thread that stays for a second
	*' 0 of 0 equal'*'no exceptions'*) status=0 ;;
	esac
	is 'gdb sees the same stacks' "$status" 0
	diag "$out"
}

daemon_stops() {
	stop "$pid"
	is 'it ends as without the shim' "$status" "$daemon_status"
}

# On all its dumps, while it worked and at rest.
daemon_verdicts() {
	"$leakwatch" report --json "$watched" |
		jq -r '.verdicts[] | select(.certainty != "none" or .verdict == "recovered") |
			"\(.verdict) \(.certainty) \(.count)"'
}

daemon_ends() {
	daemon_compare
	daemon_proves 'at rest'
	is 'no verdict' "$(daemon_verdicts)" ''
	daemon_stops
	is 'every stored dump can be read' "$(broken)" ''
}

daemon_unwatched() {
	daemon_serve "$leakwatch" run --interval=1 --
	daemon_answers
	is 'it has one thread only' "$(cat "/proc/$watched/task"/*/comm | wc -l)" 1
	is 'so nothing is stored' "$(stored)" 0
	run "$leakwatch" dump "$watched"
	is 'and nobody is there to ask' "$status" 1
	daemon_stops
}
