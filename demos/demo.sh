#!/bin/sh
# demo.sh BUILD - a leak and its fix under the shim, and what leakwatch says of them.
#
# make demo calls it with the absolute path of the build folder. The dumps go to a directory of its
# own, removed at the end.
set -eu

build=$1
dumps=$(mktemp -d "${TMPDIR:-/tmp}/leakwatch-demo.XXXXXX")
trap 'rm -rf "$dumps"' EXIT
trap 'exit 1' HUP INT TERM

show() { # COMMAND...: as one would type it
	printf '\n$'
	printf ' %s' "$@" | sed "s|$build/||g; s|$dumps|/tmp/demo|g"
	printf '\n'
	"$@"
}

for mode in leak-recv fix-recv; do
	show "$build/leakwatch" run --at-exit "--dir=$dumps/$mode" -- \
		"$build/demos/leaklab" -mode=$mode -n=2000 -linger=2s
	show "$build/leakwatch" report "$dumps/$mode"
done
