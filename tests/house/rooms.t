#!/bin/sh
# Every source file has its place in the reading order, and the reading order names no file that is gone.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$(dirname "$0")/../.." || exit 1
rooms=docs/architecture.md
plan 2

# A family is named once, as judge_*.c.
is_named() { # FILE
	grep -qF "\`$1\`" "$rooms" || grep -qF "\`${1%%_*}_*.c\`" "$rooms"
}

is 'each .c of shim and analyzer is in the reading order' "$(for path in preload/*.c analyzer/*.c; do
	is_named "${path##*/}" || echo "$path"
done)" ''
# shellcheck disable=SC2016 # backquotes of Markdown
is 'each .c and .h that it names is there' "$(grep -oE '`[a-z_0-9]+\.[ch]`' "$rooms" | tr -d '`' | while read -r file; do
	[ -e "preload/$file" ] || [ -e "analyzer/$file" ] || echo "$file"
done)" ''
