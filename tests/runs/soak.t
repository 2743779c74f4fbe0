#!/bin/sh
# The service with faults under a steady load of all its pages: ten dumps name each fault by its handler. Fixed, an hour of it
# (a dump a minute, scaled to 50 ms) has no verdict, whenever it is looked at.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs jq /usr/bin/python3
plan 15

# Asks each page again and again, beside the others, at a steady rate; a client has half a second of patience.
cat >"$scratch/load" <<'END'
import http.client, sys, threading, time
address, pause, pages = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
def ask(page):
	connection = http.client.HTTPConnection(address, timeout=0.5)
	try:
		connection.request("GET", page)
		connection.getresponse().read()
	except OSError:
		pass
	connection.close()
def ask_often(page):
	while True:
		threading.Thread(target=ask, args=(page,), daemon=True).start()
		time.sleep(pause)
for page in pages:
	threading.Thread(target=ask_often, args=(page,), daemon=True).start()
print("loading", flush=True)
time.sleep(3600)
END

listening() { grep -q '^listening on ' "$scratch/$pid.out"; }
dump_at() { find "$LEAKWATCH_DIR" -name "leakserver-$server-*-$(printf %06d "$1").dump" | grep -q .; }

serve() { # OPTION...: a loaded server; sets $server and $loader
	start "$leakwatch" run -- "$build/demos/leakserver" "$@"
	server=$pid
	wait_for 10 listening || diag "it does not listen: $(cat "$scratch/$pid.err")"
	address=$(sed -n 's/^listening on //p' "$scratch/$pid.out")
	start /usr/bin/python3 "$scratch/load" "$address" 0.1 /slow /result /query /fanout /pool
	loader=$pid
}

# Of the dumps up to number N.
report_until() { # N
	find "$LEAKWATCH_DIR" -name "leakserver-$server-*.dump" | sort | head -n "$1" |
		xargs "$leakwatch" report --json >"$scratch/report.json"
}

# --- faults -----------------------------------------------------------------------------------------

export LEAKWATCH_INTERVAL=0.5 LEAKWATCH_TICK=0.05 LEAKWATCH_KEEP=0
serve
ok 'ten dumps are taken' wait_for 30 dump_at 10
report_until 10
named() { # FUNCTION: in the stacks of threads that a verdict is about
	json '.groups[] | select(.certainty == "likely" or .certainty == "proven") | .stack[], .created_by[] | .function' |
		grep -qx "$1"
}
for function in slow_worker result_serve query_serve fanout_worker pool_serve; do
	ok "$function is named" named "$function"
done
diag "$(json '[.verdicts[] | "\(.verdict) \(.count)"] | join("; ")')"
is 'the threads of the server itself are in no verdict' \
	"$(json '.groups[] | select(.verdict != "none") | select(all(.stack[], .created_by[];
		(.function // "") | test("_worker$|_serve$|^fault_") | not)) | .verdict')" ''
stop "$loader"
stop "$server"
is 'it ends as it would have' "$status" 0

# --- fixed ------------------------------------------------------------------------------------------

export LEAKWATCH_INTERVAL=0.05 LEAKWATCH_TICK=0.05
serve -fix=all
for number in 5 20 60 120 180; do
	wait_for 30 dump_at "$number" || diag "there is no dump $number"
	report_until "$number"
	is "fixed: dump $number has no verdict" "$(json '.verdicts[] | select(.certainty != "none") | .verdict')" ''
done
stop "$loader"
"$leakwatch" report --json "$server" >"$scratch/report.json"
is 'nor has it at rest' "$(json '.verdicts[] | select(.certainty != "none") | .verdict')" ''
stop "$server"
is 'fixed: it ends as it would have' "$status" 0
