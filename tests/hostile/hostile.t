#!/bin/sh
# Hostile hosts do not notice the shim: each program of this folder prints the same, and ends the same,
# without it and with it, while dumps are taken twenty times a second; every dump is whole and can be
# read; and where the program says so, its last dump is right. hostile.h has what a program may ask for.
# With names as arguments, only those programs are run.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

here=$(cd "$(dirname "$0")" && pwd)
hosts=$build/tests/hostile
limit=40 # seconds, for one run of one program
export DEBUGINFOD_URLS=
unset LD_PRELOAD LEAKWATCH_DIR

directive() { # SOURCE NAME: the values, one a line
	sed -n "s|^ *[/*]* *$2: \\(.*[^ */]\\)[ */]*\$|\\1|p" "$1"
}

# The libraries of a variant, with or without the shim; a failure names what is missing.
preloads() { # with|without WORD...
	preloads_shim=$1 preloads_list=
	shift
	for word; do
		case $word in
		SHIM)
			[ "$preloads_shim" = with ] || continue
			word=$shim
			;;
		*) word=$(library "$word") || return 1 ;;
		esac
		preloads_list=$preloads_list${preloads_list:+:}$word
	done
	echo "$preloads_list"
}

library() { # NAME
	for place in "$hosts/$1" "/usr/lib/x86_64-linux-gnu/$1" "/lib/x86_64-linux-gnu/$1"; do
		[ -e "$place" ] && echo "$place" && return
	done
	echo "$1"
	return 1
}

# One run: its output in $1.out and $1.err, how it ended in $1.end.
host_run() { # RESULT PRELOADS NAME=VALUE... PROGRAM
	result=$1 list=$2
	shift 2
	began=$(date +%s)
	(
		cd "$scratch/home" || exit
		exec timeout -k 2 "$limit" env LD_PRELOAD="$list" "$@"
	) >"$result.out" 2>"$result.err" </dev/null
	echo $? >"$result.end"
	[ $(($(date +%s) - began)) -lt "$limit" ] || echo "hung for $limit s" >"$result.end"
}

same() { # ended and printed the same; 99: something that MUST work did not
	case $(cat without.end) in
	99 | 126 | 127 | hung*)
		echo 'without the shim:'
		cat without.end without.err
		return 1
		;;
	esac
	diff -u without.end with.end && diff -u without.out with.out && diff -u without.err with.err
}

# Whole: the last line counts the lines. The program may have been killed, so none is right too.
dumps_whole() {
	find dumps -name '[!.]*.dump' >list
	[ -s list ] || return 0
	# shellcheck disable=SC2046 # names without spaces
	awk 'FNR == 1 { if (NR > 1 && !whole) exit; name = FILENAME }
		{ whole = $0 ~ "^# leakwatch end lines=" FNR " " }
		END { if (!whole) { print name " is not whole"; exit 1 } }' $(cat list) || return
	sed 's|-[0-9]*\.dump$||' list | sort -u >processes
	while read -r process; do
		"$leakwatch" report --symbols=/dev/null --json "$process"-*.dump >report.json ||
			return
	done <processes
}

dump_right() { # EXPRESSION
	set -- "$1" "$(find dumps -name '[!.]*.dump' -exec grep -l '^# dump .*reason=request' {} + |
		sort | tail -n 1)"
	[ -n "$2" ] || set -- "$1" "$(find dumps -name '[!.]*.dump' | sort | tail -n 1)"
	[ -n "$2" ] || { echo 'there is no dump'; return 1; }
	"$leakwatch" report --json "$2" >report.json && jq -e "$1" report.json && return
	cat "$2"
	return 1
}

program_test() { # SOURCE VARIANT
	name=$(basename "$1") name=${name%.c*}
	title=$name${2:+ ($2)}
	work=$scratch/$name
	rm -rf "${scratch:?}/$name" "${scratch:?}/home"
	mkdir -p "$work" "$scratch/home"
	mkdir -m 777 "$work/dumps"
	cd "$work" || exit 1
	directive "$1" env >variables
	directive "$1" expect >expects
	expects=$(grep -c . expects)
	# shellcheck disable=SC2086 # words
	if ! list=$(preloads without $2); then
		program_skip "there is no $list"
		return
	fi
	# shellcheck disable=SC2046 # words
	host_run "$work/without" "$list" $(cat variables) "$hosts/$name"
	if [ "$(cat without.end)" = 77 ]; then
		program_skip "$(head -n 1 without.out)"
		return
	fi
	# shellcheck disable=SC2046,SC2086 # words
	host_run "$work/with" "$(preloads with ${2:-SHIM})" $(cat variables) LEAKWATCH_DIR="$work/dumps" \
		LEAKWATCH_INTERVAL=0.05 LEAKWATCH_TICK=0.02 LEAKWATCH_AT_EXIT=1 "$hosts/$name"
	ok "$title: the same" same
	ok "$title: its dumps are whole" dumps_whole
	while read -r expression; do
		ok "$title: $expression" dump_right "$expression"
	done <expects
}

program_skip() { # REASON
	for _ in $(seq $((2 + expects))); do
		skip "$title" "$1"
	done
}

# One line for each test to come: SOURCE, then its variant.
tests_list() {
	for source in "$here"/*.c "$here"/*.cc; do
		grep -q 'build: .*-shared' "$source" && continue
		directive "$source" variant | grep . >"$scratch/variants" || echo >"$scratch/variants"
		sed "s|^|$source |" "$scratch/variants"
	done
}

tests_list >"$scratch/all"
if [ $# -gt 0 ]; then
	for wanted; do
		grep "/$wanted\.c" "$scratch/all"
	done >"$scratch/tests"
else
	cp "$scratch/all" "$scratch/tests"
fi
count=0
while read -r source _; do
	count=$((count + 2 + $(directive "$source" expect | grep -c .)))
done <"$scratch/tests"
plan "$count"
while read -r source variant; do
	program_test "$source" "$variant" </dev/null
done <"$scratch/tests"
