#!/bin/sh
# gdb-compare.sh LEAKWATCH PID DIRECTORY: compares the stacks of process PID, which runs under the shim, with gdb's.
# Leaves what it compared in DIRECTORY. Output and exit code are those of gdb-compare.py; 2 if it got no dump or no gdb.
set -u
oracle=$(dirname "$0") leakwatch=$1 pid=$2 directory=$3

mkdir -p "$directory" &&
	"$leakwatch" dump "$pid" -o "$directory/before.dump" >/dev/null &&
	sleep 1 && # parked means: for a second
	"$leakwatch" dump "$pid" -o "$directory/now.dump" >/dev/null &&
	gdb -nx -batch -iex 'set debuginfod enabled off' -p "$pid" -x "$oracle/gdb-stacks.py" \
		>"$directory/gdb.txt" 2>"$directory/gdb.err" &&
	grep -q '^frame ' "$directory/gdb.txt" || exit 2
"$leakwatch" report --json "$directory/now.dump" >"$directory/now.json" || exit 2
exec "$oracle/gdb-compare.py" "$directory/before.dump" "$directory/now.dump" "$directory/now.json" \
	"$directory/gdb.txt"
