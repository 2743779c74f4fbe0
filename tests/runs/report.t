#!/bin/sh
# leakwatch report as it is typed: arguments, where dumps are found, exit codes, and symbols from files.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

plan 53
golden=$(cd "$(dirname "$0")/../golden" && pwd)

is_one_line() {
	is "$1: one line says so" "$(printf '%s\n' "$err" | wc -l)" 1
}

# --- arguments ---

run "$leakwatch"
is 'no command: exit 2' "$status" 2
run "$leakwatch" explain
is 'unknown command: exit 2' "$status" 2
like 'unknown command: named' "$err" '^leakwatch: explain: no such command'
run "$leakwatch" --help
is '--help: exit 0' "$status" 0
run "$leakwatch" --version
like '--version' "$out" '^leakwatch [0-9]+\.'
run "$leakwatch" report --help
is 'report --help: exit 0' "$status" 0
run "$leakwatch" report --debug=3
is '--debug=3: exit 2' "$status" 2
is_one_line '--debug=3'
run "$leakwatch" report --colour
is 'unknown option: exit 2' "$status" 2
is_one_line 'unknown option'
run "$leakwatch" report "$scratch/nowhere.dump"
is 'no such file: exit 2' "$status" 2
like 'no such file: named' "$err" 'nowhere.dump: cannot open it: No such file'
run "$leakwatch" report 2147483646
is 'no such process: exit 1' "$status" 1
is_one_line 'no such process'
run "$leakwatch" report --prove
is '--prove of nothing: exit 2' "$status" 2
is_one_line '--prove of nothing'
run "$leakwatch" report --prove "$golden/losses/dump"
is '--prove of a file: exit 2' "$status" 2
like '--prove of a file: said' "$err" 'losses/dump: --prove asks a process'
run "$leakwatch" report --symbols="$scratch/none" "$golden/losses/dump"
is 'no such table of symbols: exit 2' "$status" 2
run sh -c '"$1" report "$2" >/dev/full' sh "$leakwatch" "$golden/losses/dump"
is 'full disk: exit 2' "$status" 2

# --- where dumps are ---

run "$leakwatch" report
is 'no dump: exit 1' "$status" 1
is_one_line 'no dump'
run env LEAKWATCH_DIR="$scratch/none" "$leakwatch" report
is 'no directory: exit 1' "$status" 1

# dump.2 is the oldest, then dump.3, then dump.1.
cp "$golden/several-dumps/dump.2" "$LEAKWATCH_DIR/memcached-4711-8812-000001.dump"
cp "$golden/several-dumps/dump.3" "$LEAKWATCH_DIR/memcached-4711-8812-000002.dump"
run "$leakwatch" report
is 'nothing named: exit 0' "$status" 0
like 'nothing named: the newest' "$out" '^# dump 2 of '
unlike 'nothing named: by itself' "$out" 'since dump'
cp "$golden/several-dumps/dump.1" "$LEAKWATCH_DIR/memcached-4711-8812-000003.dump"
touch "$LEAKWATCH_DIR/.memcached-4711-8812-000004.dump" "$LEAKWATCH_DIR/notes"
run "$leakwatch" report "$LEAKWATCH_DIR"
like 'a directory: the newest' "$out" '^# dump 3 of '
like 'a directory: against the one before' "$out" '^# \+15 since dump 2'
like 'a directory: against the oldest' "$out" '^# \+35 since dump 1'
unlike 'a directory: nothing to add' "$err" 'wrote last'
cp "$golden/minimal/dump" "$LEAKWATCH_DIR/other-9-1-000001.dump"
touch -d '1 hour ago' "$LEAKWATCH_DIR/other-9-1-000001.dump"
run "$leakwatch" report "$LEAKWATCH_DIR"
like 'a directory: the process that wrote last' "$out" '^# /usr/bin/memcached, process 4711'
like 'a directory: who it is, and that there is another' "$err" \
	': this is process 4711 \(memcached\), which wrote last; there are dumps of 1 other$'
rm "$LEAKWATCH_DIR/other-9-1-000001.dump"
: >"$LEAKWATCH_DIR/memcached-4711-8812-000001.dump"
run "$leakwatch" report "$LEAKWATCH_DIR"
is 'a damaged older dump: exit 0' "$status" 0
like 'a damaged older dump: said' "$err" '000001.dump:1: .* left out'
run "$leakwatch" report "$golden/losses/dump" "$golden/several-dumps/dump.1"
is 'dumps of one process by pid and start: exit 0' "$status" 0
sed 's/start_ticks=8812/start_ticks=8813/' "$golden/losses/dump" >"$scratch/other.dump"
run "$leakwatch" report "$scratch/other.dump" "$golden/several-dumps/dump.1"
is 'dumps of two processes: exit 2' "$status" 2
like 'dumps of two processes: said' "$err" 'not dumps of the same process'
run sh -c 'cat "$2" | "$1" report -' sh "$leakwatch" "$golden/losses/dump"
like 'standard input, a pipe' "$out" '^thread profile: total 2'

# --- symbols from files: leakwatch itself is the program ---

address=$(nm "$leakwatch" | awk '$3 == "cmd_report" { print $1 }')
build_id=$(readelf -n "$leakwatch" | awk '/Build ID/ { print $3 }')

# PATH BUILD-ID: a dump with one thread a little inside of cmd_report.
dump_of() {
	base=$((0x555500000000))
	sed "s|BUILD-ID|$2|; s|PATH|$1|" <<-END
		# leakwatch dump 1
		# process pid=1 start_ticks=1 exe=/bin/x comm=x
		thread profile: total 1
		1 @ $(printf '0x%x' $((base + 0x$address + 5)))
		# group=1 count=1 wait=read timed=0 source=slot guessed=- partial=0

		--- leakwatch modules ---
		columns start end bias build_id path
		$(printf '0x%x 0x%x 0x%x' "$base" $((base + 0x10000000)) "$base") BUILD-ID PATH

		# leakwatch end lines=11 took_ns=1
	END
}

report_of() { # PATH BUILD-ID
	dump_of "$1" "$2" >"$scratch/x.dump"
	run "$leakwatch" report "$scratch/x.dump"
}

report_of "$leakwatch" "$build_id"
like 'debug information: function, file and line' "$out" \
	'^#	0x[0-9a-f]+	cmd_report\+0x4	.*analyzer/cmd_report.c:[0-9]+$'
is 'debug information: nothing to warn of' "$err" ''

report_of "$leakwatch" "00$build_id"
like 'another build id: module and offset only' "$out" '^#	0x[0-9a-f]+	leakwatch\+0x[0-9a-f]+$'
like 'another build id: said' "$err" 'is not the file that the process ran'
report_of "$scratch/gone" "$build_id"
like 'a file that is gone: module and offset' "$out" '	gone\+0x[0-9a-f]+$'
is 'a file that is gone: exit 0' "$status" 0

strip --strip-debug -o "$scratch/symbols" "$leakwatch"
report_of "$scratch/symbols" "$build_id"
like 'symbol table: function only' "$out" '	cmd_report\+0x4$'

strip -o "$scratch/bare" "$leakwatch"
report_of "$scratch/bare" "$build_id"
like 'nothing left: module and offset' "$out" '	bare\+0x[0-9a-f]+$'

mkdir "$scratch/.debug"
objcopy --only-keep-debug "$leakwatch" "$scratch/.debug/linked.debug"
(cd "$scratch/.debug" && objcopy --add-gnu-debuglink=linked.debug ../bare ../linked)
report_of "$scratch/linked" "$build_id"
like 'a separate debug file, by its link' "$out" '	cmd_report\+0x4	.*cmd_report.c:[0-9]+$'

# A libdwfl that asked a server would wait for this one.
run env DEBUGINFOD_URLS=http://127.0.0.1:9/ DEBUGINFOD_VERBOSE=1 DEBUGINFOD_CACHE_PATH="$scratch/cache" \
	"$leakwatch" report "$scratch/x.dump"
is 'no server is asked' "$err" ''
ok 'nor is its cache made' test ! -e "$scratch/cache"

# --- a large dump ---

awk 'BEGIN {
	print "# leakwatch dump 1\n# process pid=1 start_ticks=1\nthread profile: total 10000"
	printf "10000 @"; for (i = 1; i <= 13; i++) printf " 0x1000%x", i * 16; print ""
	print "# group=1 count=10000 wait=cond_wait timed=0 source=slot guessed=- partial=0\n"
	print "--- leakwatch threads ---\ncolumns id tid group since_ns object waits creator start detached name"
	for (i = 1; i <= 10000; i++) print i, i, 1, i, "0x" i, i, "-", "-", 0, "worker%20" i
	print "\n# leakwatch end lines=10010 took_ns=1" }' >"$scratch/large.dump"
run "$leakwatch" report --json "$scratch/large.dump"
is '10,000 threads' "$(printf '%s' "$out" | grep -c '"tid"')" 10000

# --- a live process ---

start "$leakwatch" run -- "$build/demos/leaklab" -mode=leak-recv -n=20 -linger=60s
wait_for 10 grep -q 'still blocked' "$scratch/$pid.out"
run "$leakwatch" report "$pid"
is 'a process: exit 0' "$status" 0
like 'a process: its threads' "$out" '^# +20 threads waiting on a condition variable in channel_receive \(channel.c:[0-9]+\)'
like 'a process: created by' "$out" '	crew_start\+0x[0-9a-f]+	+.*leaklab.c:[0-9]+$'
