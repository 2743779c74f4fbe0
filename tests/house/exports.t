#!/bin/sh
# The shim exports what calls.def lists, in the versions that libc has, and what leakwatch.h looks for, and nothing else; and
# that is what a program under it gets.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
calls=$(dirname "$0")/../../preload/calls.def
header=$(dirname "$0")/../../include/leakwatch.h
libc=$(ldd "$build/tests/hosts/whose" | awk '$1 ~ /^libc\.so/ { print $3 }')
plan 8

# ADDRESS NAME[@VERSION] of each function that an object defines.
functions() {
	readelf -W --dyn-syms "$1" |
		awk '$7 != "UND" && ($4 == "FUNC" || $4 == "IFUNC") { sub(/@@/, "@", $8); print "x" $2, $8 }'
}
functions "$shim" | sort >"$scratch/shim"
functions "$libc" | sort >"$scratch/libc"

# NAME of each row; and the rows of CALL_ALSO as NAME TARGET.
sed -n 's/^CALL[A-Z_]*(\([A-Za-z0-9_]*\),.*/\1/p' "$calls" | sort -u >"$scratch/names"
sed -n 's/^CALL_ALSO(\([A-Za-z0-9_]*\), *\([A-Za-z0-9_]*\),.*/\1 \2/p' "$calls" >"$scratch/also"
sed -n 's/^CALL_OLD(\([A-Za-z0-9_]*\), *"\([^"]*\)".*/\1@\2/p' "$calls" | sort >"$scratch/old"

cut -d' ' -f2 "$scratch/shim" | sed 's/@.*//' | grep -v '^leakwatch_' | sort -u >"$scratch/exported"
ok 'the exported names are the rows of calls.def' diff "$scratch/names" "$scratch/exported"

cut -d' ' -f2 "$scratch/libc" | sed 's/@.*//' | sort -u >"$scratch/libc-names"
# What programs may call, by the header that they include.
cut -d' ' -f2 "$scratch/shim" | grep '^leakwatch_' | sort -u >"$scratch/api"
sed -n 's/.*LEAKWATCH_FIND(\(leakwatch_[a-z_]*\),.*/\1/p' "$header" | sort -u >"$scratch/header"
ok 'and the functions that leakwatch.h looks for' diff "$scratch/header" "$scratch/api"

is 'each row is a function of libc' "$(comm -23 "$scratch/names" "$scratch/libc-names")" ''

# Names that libc has in several versions with code of their own, in all their versions.
awk -v names="$scratch/names" '
	BEGIN { while ((getline name < names) > 0) is_row[name] = 1 }
	{ name = $2; sub(/@.*/, "", name) }
	is_row[name] && !seen[name, $1]++ { bodies[name]++ }
	is_row[name] { versions[name] = versions[name] "\n" $2 }
	END { for (name in bodies) if (bodies[name] > 1) print versions[name] }' "$scratch/libc" |
	sed '/^$/d' | sort >"$scratch/versions"
cut -d' ' -f2 "$scratch/shim" | grep '@' | sort >"$scratch/exported-versions"
ok 'libc has functions with two implementations' test -s "$scratch/versions"
ok 'those are exported in every version, others in none' \
	diff "$scratch/versions" "$scratch/exported-versions"

# An old version passes on to its own implementation: another body than the default one.
is 'the old versions have bodies of their own, and rows' \
	"$(awk '{ name = $2; sub(/@.*/, "", name); if (name != $2) print name, $2, $1 }' "$scratch/shim" |
		awk 'NR == FNR { row[$1] = 1; next } { count[$1, $3]++; at[$2] = $1 SUBSEP $3 }
			END { for (v in row) if (!(v in at) || count[at[v]] > 1) print v }' "$scratch/old" -)" ''

is 'a second name has the body of the first' \
	"$(awk 'NR == FNR { at[$2] = $1; next } at[$1] != at[$2] || !at[$1]' \
		"$scratch/shim" "$scratch/also")" ''

# As a program finds them, the shim comes first.
# shellcheck disable=SC2046 # one argument a name
run env LD_PRELOAD="$shim" "$build/tests/hosts/whose" \
	$(cat "$scratch/names" "$scratch/exported-versions")
is 'a program under the shim is bound to each of them' \
	"$status $(printf '%s\n' "$out" | grep -v "$shim\$")" '0 '
