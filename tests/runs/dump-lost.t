#!/bin/sh
# A dump that cannot be stored: the directory is read-only, full, or gone. The program runs on, a dump by request reaches
# its client all the same, and the next dump says how many were lost.

# As root, in a mount namespace of its own, for the small and the read-only file systems.
if [ "$(id -u)" -eq 0 ] && [ -z "${LEAKWATCH_TEST_MOUNTS-}" ] && unshare -m true 2>/dev/null; then
	LEAKWATCH_TEST_MOUNTS=yes exec unshare -m "$0"
fi

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
plan 22

hosts=$build/tests/hosts
LEAKWATCH_DIR=$scratch/mount/dumps
mkdir "$scratch/mount"

parked() { # THREADS OPTION...
	parked_threads=$1
	shift
	start "$leakwatch" run "$@" -- "$hosts/parked" "$parked_threads"
	wait_for 20 grep -q ready "$scratch/$pid.out" || diag 'no parked threads'
	wait_for 20 test -S "$LEAKWATCH_DIR/$pid.sock" || diag 'no socket'
}

alive() {
	test "$(cat "/proc/$pid/comm")" = parked && ! grep -q '^State:.Z' "/proc/$pid/status"
}

# How many dumps the newest stored one says were lost.
lost() {
	find "$LEAKWATCH_DIR" -name '*.dump' | sort | tail -n 1 | xargs sed -n 's/^dump_unwritten //p'
}

# --- read-only and full -----------------------------------------------------------------------------

# Two dumps that cannot be stored; the second tells of the first.
unstored() { # NAME
	run "$leakwatch" dump "$pid"
	like "$1: that a dump is not stored is said" "$status $err" '^2 .*could not store its dump'
	run "$leakwatch" dump "$pid" -o "$scratch/kept"
	is "$1: its client gets one all the same" "$status $(tail -n 1 "$scratch/kept" | cut -d ' ' -f 1-3)" \
		'0 # leakwatch end'
	is "$1: which says what was lost" "$(sed -n 's/^dump_unwritten //p' "$scratch/kept")" 1
	ok "$1: the program runs on" alive
	is "$1: no half of a dump is left" "$(find "$LEAKWATCH_DIR" -name '.?*')" ''
}

stored_again() { # NAME
	run "$leakwatch" dump "$pid"
	is "$1: later dumps are stored" "$status" 0
	is "$1: and say how many were lost" "$(lost)" 2
	stop "$pid"
	is "$1: the program ends as ever" "$status" 143
	rm -f "$LEAKWATCH_DIR"/*
}

if [ -n "${LEAKWATCH_TEST_MOUNTS-}" ] && mount -t tmpfs -o size=256k none "$scratch/mount"; then
	parked 3 --interval=0
	mount -o remount,ro "$scratch/mount"
	unstored read-only
	mount -o remount,rw "$scratch/mount"
	stored_again read-only

	parked 300 --interval=0
	dd if=/dev/zero of="$LEAKWATCH_DIR/filler" bs=4k 2>/dev/null
	truncate -s -8k "$LEAKWATCH_DIR/filler" # room for a beginning
	unstored full
	rm "$LEAKWATCH_DIR/filler"
	stored_again full
	umount "$scratch/mount"
else
	for name in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		skip "read-only and full: $name" 'needs root and a mount namespace'
	done
fi

# --- gone -------------------------------------------------------------------------------------------

parked 3 --interval=0.1
ok 'gone: dumps are stored' wait_for 20 stored_more 1
rm -rf "$LEAKWATCH_DIR"
ok 'gone: the directory is made again, and dumps are stored there' wait_for 20 stored_more 1
is 'gone: for the user alone' "$(stat -c %a "$LEAKWATCH_DIR")" 700

mv "$scratch/mount" "$scratch/away"
rm -rf "$scratch/away"
# Nothing tells from outside that a dump was lost, but the time of some intervals.
sleep 0.5
mkdir "$scratch/mount"
loses() {
	[ "$(lost)" -ge 2 ]
}
ok 'gone, and its parent: once it is back, dumps say how many were lost' wait_for 20 loses
ok 'gone: the program runs on' alive
stop "$pid"
is 'gone: the program ends as ever' "$status" 143
