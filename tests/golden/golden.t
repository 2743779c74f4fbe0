#!/bin/sh
# Golden dumps in, expected reports out: every folder here is a test of the three forms, every
# bad/NAME.dump one of the message that refuses it. update.sh writes the expected files.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

here=$(cd "$(dirname "$0")" && pwd)
cd "$here" || exit 1
export DEBUGINFOD_URLS=

report_equals() { # FOLDER EXPECTED OPTION...
	expected=$1/$2
	(
		cd "$1" || exit
		shift 2
		"$leakwatch" report --symbols=symbols.table "$@" dump*
	) >"$scratch/report" && diff -u "$expected" "$scratch/report"
}

refused() { # DUMP
	"$leakwatch" report "$1" >"$scratch/out" 2>"$scratch/err"
	[ $? -eq 2 ] && [ ! -s "$scratch/out" ] && diff -u "${1%.dump}.stderr" "$scratch/err"
}

# Each line of the examples in the documentation, in the order of the documentation.
examples_in() { # DUMP
	awk '/^```/ { inside = !inside; next } inside' ../../docs/dump-format.md |
		sed '/^$/d' >"$scratch/examples"
	[ -s "$scratch/examples" ] && awk -v dump="$1" '
		{ wanted = $0
		  while ((getline line < dump) > 0) if (line == wanted) next
		  print "not in " dump ": " wanted; exit 1 }' "$scratch/examples"
}

set -- */symbols.table
folders=$#
set -- bad/*.dump
plan $((3 * folders + $# + 3))

for folder in */symbols.table; do
	folder=${folder%/*}
	ok "$folder, debug=1" report_equals "$folder" expected.debug1
	ok "$folder, debug=2" report_equals "$folder" expected.debug2 --debug=2
	ok "$folder, JSON" report_equals "$folder" expected.json --json
done

for dump; do
	ok "refused: ${dump%.dump}" refused "$dump"
done

ok 'the examples of docs/dump-format.md are a golden dump' examples_in format-examples/dump

# shellcheck disable=SC2016 # jq's variables
schema='
	def frame: has("function") and has("file") and has("line") and has("module") and has("build_id")
		and (.offset | test("^0x[0-9a-f]+$")) and (.inlined | type == "boolean")
		and (.guessed | type == "boolean");
	def judged: has("verdict") and has("certainty") and (.evidence | type == "array");
	.schema == 1
	and (.process | has("pid") and has("exe") and has("start_time_ns") and has("uptime_ns"))
	and (.dump | has("sequence") and has("time_ns") and has("took_ns") and has("reason"))
	and (.totals | keys == ["blocked","exited","running","started","threads","timers","unjoined"])
	and all(.groups[]; judged and (.count | type == "number") and has("wait") and has("timed")
		and has("objects") and has("oldest_ns") and has("newest_ns")
		and all(.stack[], .created_by[]; frame)
		and all(.threads[]; has("tid") and has("id") and has("name") and has("since_ns")
			and has("object") and has("owner") and has("waker") and has("proof")))
	and (.unjoined == null or all(.unjoined[]; judged and has("count") and has("start_routine")
		and all(.created_by[]; frame)))
	and (.timers == null or all(.timers[]; judged and has("count") and has("kind")
		and has("created") and has("deleted") and all(.created_by[]; frame)))
	and has("losses") and has("proof")'
in_schema() {
	for json in */expected.json; do
		jq -e "$schema" "$json" >/dev/null || {
			echo "$json"
			return 1
		}
	done
}
ok 'every JSON report has the keys of schema 1' in_schema

pprof_opens() {
	for page in */expected.debug1; do
		case $page in
		# A profile without samples is none to pprof.
		minimal/* | empty/* | running-only/*) continue ;;
		esac
		total=$(awk '/^[0-9]+ @/ { sum += $1 } END { print sum }' "$page")
		go tool pprof -raw -symbolize=none "$page" >"$scratch/raw" 2>"$scratch/raw.err" || {
			cat "$scratch/raw.err"
			return 1
		}
		awk -v total="$total" '/^Locations/ { exit } /^ *[0-9]+: / { sum += $1 }
			END { exit sum != total }' "$scratch/raw" || {
			echo "$page: pprof found other samples"
			return 1
		}
	done
}
if command -v go >/dev/null; then
	PPROF_TMPDIR=$scratch HOME=$scratch ok 'go tool pprof opens every page' pprof_opens
else
	skip 'go tool pprof opens every page' 'go is not installed'
fi
