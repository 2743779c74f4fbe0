#!/bin/sh
# The words of the program are the words of its documents: environment variables, kinds of wait, losses,
# sections, columns, header keys, keys of the JSON report, names of man pages.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$(dirname "$0")/../.." || exit 1
format=docs/dump-format.md
documents=$(ls README.md docs/*.md docs/man/* 2>/dev/null)
plan 14

# What is in the first file and not in the second, sorted or not.
missing() {
	sort -u "$1" >"$scratch/missing.1"
	sort -u "$2" >"$scratch/missing.2"
	comm -23 "$scratch/missing.1" "$scratch/missing.2"
}

# --- the environment ----------------------------------------------------------------------------------

grep -oE '"LEAKWATCH_[A-Z_]+"' preload/config.c | tr -d '"' >"$scratch/read"
sed -n '/^\.Sh ENVIRONMENT/,/^\.Sh FILES/s/^\.It Ev //p' docs/man/libleakwatch.7 >"$scratch/described"
ok 'variables are found' test -s "$scratch/read"
is 'libleakwatch(7) describes each variable that the shim reads' \
	"$(missing "$scratch/read" "$scratch/described")" ''
is 'and no other' "$(missing "$scratch/described" "$scratch/read")" ''
# shellcheck disable=SC2086 # names without spaces
grep -ohE 'LEAKWATCH_[A-Z_]+' $documents >"$scratch/named"
grep -ohE '"LEAKWATCH_[A-Z_]+"' analyzer/*.c preload/*.c | tr -d '"' >"$scratch/used"
sed -n 's/^#define \(LEAKWATCH_[A-Z_]*\).*/\1/p' include/leakwatch.h >>"$scratch/used"
is 'no document names a variable that nobody reads or sets' "$(missing "$scratch/named" "$scratch/used")" ''

# --- kinds of wait and losses -------------------------------------------------------------------------

sed -n 's/^WAIT([A-Z_]*, "\([^"]*\)".*/\1/p' preload/contract/waits.def >"$scratch/waits"
sed -n 's/^LOSS([A-Z_]*, "\([^"]*\)".*/\1/p' preload/contract/losses.def >"$scratch/losses"
sed -n 's/^REASON([A-Z_]*, "\([^"]*\)".*/\1/p' preload/contract/reasons.def >"$scratch/reasons"
sed -n 's/^LINK([A-Z_]*, "\([^"]*\)".*/\1/p' preload/contract/links.def >"$scratch/links"
is 'a word is lower-case letters' \
	"$(grep -vxE '[a-z][a-z_]*' "$scratch/waits" "$scratch/losses" "$scratch/reasons" "$scratch/links")" ''
is 'a word is used once' "$(sort "$scratch/waits" | uniq -d)$(sort "$scratch/losses" | uniq -d)" ''
# The dump of a newer writer holds words that are not there yet.
dumps=$(find tests/golden -name '*.dump' ! -path '*/bad/*' ! -path '*/newer-writer/*')
# shellcheck disable=SC2086 # names without spaces
{
	grep -ohE 'wait=[a-z_]+' $documents $dumps | sed 's/wait=//'
	grep -ohE '"wait": ?"[a-z_]+"' $documents | sed 's/.*"\([a-z_]*\)"$/\1/'
} >"$scratch/waits-used"
is 'documents and golden dumps use kinds of wait that there are' \
	"$(missing "$scratch/waits-used" "$scratch/waits")" ''
# shellcheck disable=SC2086 # names without spaces
sed -n '/^--- leakwatch losses ---$/,/^$/{/^columns\|^---\|^$/d;s/ .*//p;}' $dumps >"$scratch/losses-used"
is 'golden dumps have losses that there are' "$(missing "$scratch/losses-used" "$scratch/losses")" ''

# --- the dump and the report --------------------------------------------------------------------------

# Strings of the preprocessed contract, by way of a program's text.
sed -n 's/^#define DUMP_SECTION_[A-Z]* *"\(.*\)"$/\1/p' preload/contract/dump.h >"$scratch/sections"
is 'each section has a heading in the description of the format' \
	"$(while read -r title; do
		grep -qxF "### \`$title\`" "$format" || echo "$title"
	done <"$scratch/sections")" ''
# A long one is two literals.
tr '\n' ' ' <preload/contract/dump.h | sed 's/"[[:space:]\\]*"//g' | grep -oE '"columns [^"]*"' | sed 's/"columns \(.*\)"/\1/' >"$scratch/columns"
is 'and so have the columns of each, in their order' \
	"$(while read -r columns; do
		grep -qE "(^columns |\`)$columns(\`|\$)" "$format" || echo "$columns"
	done <"$scratch/columns")" ''
sed -n '/^static void put_header/,/^}/s/.*put_key\(_text\)\{0,1\}(text, "\([a-z_]*\)".*/\2/p' preload/writer.c \
	>"$scratch/keys"
is 'each key of the header is described' \
	"$(while read -r key; do
		grep -qE "\`$key\`|[# ]$key=" "$format" || echo "$key"
	done <"$scratch/keys")" ''
grep -ohE 'json_[a-z_]+\(json, "[a-z_]+"' analyzer/render_json.c | sed 's/.*"\(.*\)"/\1/' >"$scratch/json"
grep -ohE 'trace_write\(json, "[a-z_]+"' analyzer/render_json.c | sed 's/.*"\(.*\)"/\1/' >>"$scratch/json"
is 'each key of the JSON report is described' \
	"$(sort -u "$scratch/json" | while read -r key; do
		grep -qE "\`$key(\[\])?\`" docs/json.md || echo "$key"
	done)" ''

# --- thresholds ---------------------------------------------------------------------------------------

sed -n 's/^THRESHOLD([a-z_]*, "\([-a-z]*\)", [A-Z]*, \([0-9]*\))$/\1 \2/p' analyzer/thresholds.def >"$scratch/thresholds"
sed -n '/^\.Ss Thresholds/,/^\.Ss Frames/s/^\.It Cm \([-a-z]*\) No (\([0-9]*\).*)$/\1 \2/p' docs/man/leakwatch-report.1 \
	>"$scratch/thresholds-told"
ok 'each threshold is described, with its default' diff "$scratch/thresholds" "$scratch/thresholds-told"

# --- man pages ----------------------------------------------------------------------------------------

ls docs/man >"$scratch/pages"
sed -n 's/^\.Xr \(lib\)\{0,1\}\(leakwatch[-a-z]*\) \([0-9]\).*/\1\2.\3/p' docs/man/* >"$scratch/references"
is 'a man page refers to pages that there are' "$(missing "$scratch/references" "$scratch/pages")" ''
