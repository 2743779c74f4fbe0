#!/bin/sh
# Each row of calls.def is tried: that the host gets the same of it, and where it waits, that the wait is seen.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
plan 2

tests=$(dirname "$0")/..
calls=$tests/../preload/calls.def

# The names of the rows, of all or of those that wait, that none of the files calls.
uncalled() { # SED FILE...
	uncalled_rows=$1
	shift
	sed -n "$uncalled_rows" "$calls" | while read -r name; do
		grep -Eq "(^|[^A-Za-z0-9_])$name\\(" "$@" || echo "$name"
	done
}

is 'what it returns and leaves in errno' \
	"$(uncalled 's/^CALL(\([A-Za-z0-9_]*\),.*/\1/p' "$tests/hostile/errnos.c" "$tests/hostile/results.c")" ''
is 'a thread waits in it' \
	"$(uncalled '/NONE)$/d; s/^CALL(\([A-Za-z0-9_]*\),.*/\1/p' "$tests/hosts/park.c" "$tests/hosts/parkxx.cc")" ''
