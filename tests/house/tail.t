#!/bin/sh
# The shim's start routines end in a jump to the host's own: they stand in no thread's stack.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
export LEAKWATCH_INTERVAL=0
frames=$build/tests/hosts/frames
plan 10

objdump -d --no-show-raw-insn "$shim" >"$scratch/code"
for routine in thread_start thread_start_c11; do
	awk -v label="<$routine>:" '$2 == label { inside = 1; next } /^$/ { inside = 0 } inside' \
		"$scratch/code" >"$scratch/body"
	ok "$routine is there" test -s "$scratch/body"
	is "$routine calls nothing by pointer" "$(grep -cE '[[:space:]]call[a-z]* +\*' "$scratch/body")" 0
	# Also from a part that the compiler placed apart.
	ok "$routine jumps to the host's" grep -qE '[[:space:]]jmp[a-z]* +\*' "$scratch/body"
done

# --- in a running program -----------------------------------------------------------------------------

start env LD_PRELOAD="$shim" "$frames"
ready() { grep -q '^ready$' "$scratch/$pid.out"; }
ok 'the program is ready' wait_for 10 ready
for sort in posix c11; do
	is "a $sort thread's frames are the program's and libc's" \
		"$(sed -n "s|^$sort .*/||p" "$scratch/$pid.out" | sed 's/^libc\.so.*/libc/' | uniq | tr '\n' ' ')" \
		'frames libc '
done

# The same by gdb's unwinder, of a parked thread: the shim's only frame is the wrapper that it waits in.
if ! command -v gdb >/dev/null; then
	skip 'a parked thread shows its wrapper and no other frame of the shim' 'gdb is not installed'
	exit
fi
gdb -q -nx -batch -p "$pid" -ex 'set print frame-info location' -ex 'thread apply all bt' \
	>"$scratch/gdb" 2>&1
if grep -qi 'ptrace: operation not permitted' "$scratch/gdb"; then
	skip 'a parked thread shows its wrapper and no other frame of the shim' 'ptrace is not allowed'
	exit
fi
# The thread in park(), from its wrapper outwards. The watcher's frames are its own.
awk '/^Thread / { thread = "" } { thread = thread "\n" $0 } / park / { found = thread; next }
	/^$/ { if (found && !done) { print thread; done = 1 } thread = "" }
	END { if (found && !done) print thread }' "$scratch/gdb" >"$scratch/parked"
is 'a parked thread shows its wrapper and no other frame of the shim' \
	"$(awk '!/^#/ { next }
		/ sem_wait .*preload|sem_wait .*libleakwatch/ { print "wrapper"; next }
		/preload\/|libleakwatch|thread_start|thread_begin/ { print "shim"; next }
		/ park / { print "park"; next }
		{ print "other" }' "$scratch/parked" |
		sed -n '/wrapper/,$p' | tr '\n' ' ')" 'wrapper park other other '
