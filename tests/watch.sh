# tests/watch.sh - programs under the shim, their dumps and reports; on top of lib.sh.
#
# Functions:
#	needs PROGRAM...		skips the whole test if one of them is missing; before plan
#	free_port			prints a port of the loopback that nobody uses now, for TCP and UDP
#	answers PORT			succeeds if somebody accepts connections there
#	dump PID			takes a dump; its report is $scratch/report.json
#	settled PID			the same; fails unless all threads were waiting
#	json FILTER			runs jq on the report
#	prove PID			takes $PROOFS proofs by reachability, one after the other; prints every wait that is
#				called unreachable in one; complains if nothing was measured
#	proved				prints what came of these proofs, in a line
#	stored				prints how many finished dumps lie in $LEAKWATCH_DIR
#	stored_more COUNT		succeeds if there are more
#	broken				prints the stored dumps that the report cannot read, and what it says
#	tids PID			prints the thread ids of PID, ascending, without leakwatch's own and those that the
#				kernel runs for io_uring in its name
#	dumped				prints those in the report
# shellcheck shell=sh disable=SC2154 # lib.sh sets them

# PROOFS=100 is for those who hunt wrong proofs: make accuracy-services.
: "${PROOFS:=2}"

# No symbols from the network.
export DEBUGINFOD_URLS=

needs() {
	for needed; do
		command -v "$needed" >/dev/null || skip_all "$needed is not installed"
	done
}

# Below those that the kernel gives to clients: one of them could take it before the service does, and a
# client's datagrams come back to itself when it gets the service's own port.
free_port() {
	/usr/bin/python3 -c 'import random, socket
while True:
	port = random.randrange(10000, 32000)
	try:
		with socket.create_server(("127.0.0.1", port)), socket.socket(type=socket.SOCK_DGRAM) as datagrams:
			datagrams.bind(("127.0.0.1", port))
		break
	except OSError:
		pass
print(port)'
}

answers() {
	bash -c ": </dev/tcp/127.0.0.1/$1"
}

dump() {
	"$leakwatch" dump "$1" -o "$scratch/now.dump" >/dev/null &&
		"$leakwatch" report --json "$scratch/now.dump" >"$scratch/report.json"
}

settled() {
	dump "$1" && [ "$(json .totals.running)" = 0 ]
}

json() {
	jq -r "$1" "$scratch/report.json"
}

stored() {
	find "$LEAKWATCH_DIR" -name '[!.]*.dump' | wc -l
}

stored_more() {
	[ "$(stored)" -gt "$1" ]
}

broken() {
	for stored_dump in "$LEAKWATCH_DIR"/*.dump; do
		"$leakwatch" report "$stored_dump" >"$scratch/broken" 2>&1 || cat "$scratch/broken"
	done
}

tids() {
	grep -LxE 'leakwatch|iou-(wrk|sqp)-[0-9]+' "/proc/$1/task"/*/comm | cut -d / -f 5 | sort -n
}

dumped() {
	json '.groups[].threads[].tid' | sort -n
}

prove() {
	: >"$scratch/proofs"
	for _ in $(seq "$PROOFS"); do
		"$leakwatch" dump --prove "$1" -o "$scratch/proof.dump" >"$scratch/prove.out" 2>&1 ||
			cat "$scratch/prove.out"
		awk -v kept="$scratch/proofs" '
			/^--- / { inside = $3 == "proof" }
			/^# proof / { print "proofs" >>kept }
			inside && $2 == "unreachable"
			inside && $1 ~ /^[0-9]+$/ { print "waits", $2 ($3 == "-" ? "" : ", " $3) >>kept }
		' "$scratch/proof.dump"
	done
	grep -q proofs "$scratch/proofs" || echo 'no proof was made'
	! grep -q waits "$scratch/proofs" || grep -q 'waits reached' "$scratch/proofs" || echo 'nothing was measured'
}

proved() {
	sort "$scratch/proofs" | uniq -c | awk '{ $1 = $1; print }' | paste -s -d ';' | sed 's/;/; /g'
}
