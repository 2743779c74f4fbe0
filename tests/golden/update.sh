#!/bin/sh
# Writes the expected files of the golden tests anew, with the leakwatch of the build: read the
# difference before it is committed.
#	tests/golden/update.sh			all
#	tests/golden/update.sh --seal DUMP...	counts the lines of a dump edited by hand
set -eu
build=${LEAKWATCH_BUILD:-$(dirname "$0")/../../build}
leakwatch=$(cd "$build" && pwd)/leakwatch

seal() {
	count=$(wc -l <"$1")
	sed -i "\$s/lines=[0-9]*/lines=$count/" "$1"
}

if [ "${1-}" = --seal ]; then
	shift
	for dump; do seal "$dump"; done
	exit
fi

cd "$(dirname "$0")"
for folder in */symbols.table; do
	folder=${folder%/*}
	(
		cd "$folder"
		"$leakwatch" report --symbols=symbols.table dump* >expected.debug1
		"$leakwatch" report --symbols=symbols.table --debug=2 dump* >expected.debug2
		"$leakwatch" report --symbols=symbols.table --json dump* >expected.json
	)
done

for dump in bad/*.dump; do
	"$leakwatch" report "$dump" 2>"${dump%.dump}.stderr" >/dev/null || true
done
