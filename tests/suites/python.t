#!/bin/sh
# CPython's own tests of threads, queues, executors, signals, subprocesses and selectors: every single one has
# the same result with the shim as without.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
/usr/bin/python3 -c 'import test.test_threading' 2>/dev/null || skip_all 'libpython3-testsuite is not installed'

set -- test_threading test_queue test_concurrent_futures test_signal test_subprocess test_selectors
plan $(($# * 2 + 2))

# Prints "CLASS.TEST RESULT", sorted, of what regrtest wrote.
results() {
	/usr/bin/python3 - "$1" <<-'END'
		import sys
		import xml.etree.ElementTree as tree
		for case in sorted(tree.parse(sys.argv[1]).iter("testcase"), key=lambda case: case.get("name")):
		    marks = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
		    print(case.get("name"), *(marks or ["ok"]))
	END
}

examine() { # MODULE NAME WORDS...
	module=$1 name=$2
	shift 2
	mkdir -p "$scratch/$name"
	timeout 300 "$@" /usr/bin/python3 -m test --junit-xml "$scratch/$name.xml" --tempdir "$scratch/$name" \
		"$module" >"$scratch/$name.out" 2>&1 </dev/null
	echo "exit code $?" >"$scratch/$name.results"
	results "$scratch/$name.xml" >>"$scratch/$name.results" 2>&1
	rm -rf "${scratch:?}/$name.xml" "${scratch:?}/$name"
}

# Both at a time: they mostly wait.
for module; do
	examine "$module" plain &
	plain_pid=$!
	examine "$module" watched "$leakwatch" run --interval=1 --
	wait "$plain_pid"
	ok "$module has results" grep -q ' ok$' "$scratch/plain.results"
	is 'every one is the same with the shim' "$(diff "$scratch/plain.results" "$scratch/watched.results")" ''
	diag "$(sed 1d "$scratch/plain.results" | sed 's/.* //' | sort | uniq -c | xargs)"
done
ok 'dumps were stored meanwhile' stored_more 10
is 'every one can be read' "$(broken)" ''
