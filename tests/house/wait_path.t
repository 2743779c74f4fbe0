#!/bin/sh
# A wait costs the host nothing but its own call: no allocation and no system call of the shim's, by running
# every kind of wait 100,000 times, and by what the machine code of the interposers calls.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
calls=$(dirname "$0")/../../preload/calls.def
waits=$build/tests/hosts/waits
export LEAKWATCH_INTERVAL=0
plan 8

# --- by running ---------------------------------------------------------------------------------------

# Every row that records a wait or a wake, or forgets one; second names have the same body (exports.t).
sed -n -e 's/^CALL(\([a-z0-9_]*\), *"[^"]*", *\([A-Z_]*\)).*/\1 \2/p' \
	-e 's/^CALL_OLD([a-z0-9_]*, *"[^"]*", *\([a-z0-9_]*\), *\([A-Z_]*\)).*/\1 \2/p' "$calls" |
	awk '$2 != "NONE" || $1 ~ /_(signal|broadcast|post|trywait)(_|$)|^(pthread_cond|cnd|sem)_(init|destroy)/ { print $1 }' | sort >"$scratch/rows"
"$waits" -l | sort >"$scratch/kinds"
ok 'every row that records something is run' diff "$scratch/rows" "$scratch/kinds"

ok 'the shim is there' sh -c "LD_PRELOAD='$shim' cat /proc/self/maps | grep -q 'libleakwatch'"

run env LD_PRELOAD="$shim" "$waits"
if [ "$status" -eq 2 ]; then
	skip 'no wait enters a system call that is not its own' 'seccomp filters are not allowed'
	skip 'every kind was measured' 'seccomp filters are not allowed'
	skip 'no wait allocates' 'seccomp filters are not allowed'
	skip 'no wait frees, but those that free without the shim as well' 'the same'
else
	is 'no wait enters a system call that is not its own' \
		"$(printf '%s\n' "$out" | grep 'system call')" ''
	is 'every kind was measured' "$(printf '%s\n' "$out" | grep -c rounds=)" \
		"$(grep -c . "$scratch/kinds")"
	is 'no wait allocates' \
		"$(printf '%s\n' "$out" | grep -v 'mallocs=0 ')" ''
	# The real join gives memory of the thread back.
	printf '%s\n' "$out" | grep -v 'frees=0$' >"$scratch/frees"
	# shellcheck disable=SC2046 # one argument a kind
	"$waits" none $(cut -d' ' -f1 "$scratch/frees") >"$scratch/frees-without"
	ok 'no wait frees, but those that free without the shim as well' \
		diff "$scratch/frees" "$scratch/frees-without"
fi

# --- by machine code ----------------------------------------------------------------------------------

# For each exported function: what it calls or jumps to by name. Real functions are called by pointer.
readelf -W --dyn-syms "$shim" |
	awk '$7 != "UND" && $4 == "FUNC" { sub(/@.*/, "", $8); print "x" $2, $8 }' >"$scratch/exported"
objdump -d --no-show-raw-insn "$shim" >"$scratch/code"
# Second names of a function are one with it, and so is what of it is rarely run, which stands elsewhere.
awk 'function plain(label) {
		gsub(/[<>:]|@.*$/, "", label)
		sub(/^__/, "", label)
		sub(/(_2_2_5)?(\.cold)?$/, "", label)
		sub(/64$/, "", label)
		sub(/64_chk$/, "_chk", label)
		return label
	}
	NR == FNR { exported[$1] = $2; next }
	/^[0-9a-f]+ <.*>:$/ {
		label = plain($2)
		name = $2 ~ /\.cold>:$/ ? label : exported["x" $1]
		next
	}
	name && /[ \t](call|jmp|j[a-z]+)[ \t]+[0-9a-f]+ </ {
		target = $NF
		within = sub(/\+0x[0-9a-f]+>$/, "", target) || target ~ /\.cold>$/
		target = plain(target)
		if (target != label || !within)
			print name, target
	}
	name && /[ \t]syscall/ { print name, "syscall-instruction" }' \
	"$scratch/exported" "$scratch/code" | sort -u >"$scratch/called"
ok 'the machine code can be read' grep -q '^sem_wait real_find$' "$scratch/called"

# What an interposer of a wait may call, and when.
cat >"$scratch/allowed" <<'END'
wait_enter_otherwise	# the first wait of a thread that we did not see being created; a wait within a wait
wait_leave_nested	# the end of a wait within a wait: a signal handler's
wait_depth_restore	# after a wait within a wait that was left by longjmp
real_find		# once a function: a call before our constructor
slot_claim		# once a thread, as above
waker_take		# the first wake of an object
syscall_waits		# whether a system call by number waits: a table
select_object		# the first of three pointers that is there
thread_target		# joins: finds the slot of a thread
thread_joined		# joins: marks it
END
sed 's/[[:space:]]*#.*//' "$scratch/allowed" >"$scratch/allowed-names"
is 'an interposer of a wait calls nothing else by name' \
	"$(awk -v allowed="$scratch/allowed-names" -v rows="$scratch/rows" '
		BEGIN {
			while ((getline name < allowed) > 0) may[name] = 1
			while ((getline name < rows) > 0) { sub(/_2_2_5$/, "", name); row[name] = 1 }
		}
		row[$1] && !may[$2] && $2 !~ "^" $1 "_(held|wait)$"' "$scratch/called")" ''
