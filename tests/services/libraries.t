#!/bin/sh
# Faults provoked in real libraries: a client's handle that is never destroyed, requests without a deadline to a dead
# peer, a daemon with a thread for each silent client. They are found, and named by the library and by who called it;
# and with what the manual asks for there is no verdict.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs mosquitto jq python3
plan 12

export LEAKWATCH_INTERVAL=0.2 LEAKWATCH_TICK=0.05
libraries=$build/tests/hosts/libraries

ready() { grep -qx ready "$scratch/$pid.out"; }
missing() { ! kill -0 "$pid" 2>/dev/null; }
ended() { ready || missing; }

verdicts() {
	"$leakwatch" report --json "$pid" >"$scratch/report.json" &&
		json '.verdicts[] | select(.certainty != "none") | "\(.verdict) \(.certainty)"'
}

# Functions and modules on the stacks of what grows, or on those of its creation.
frames() { # stack|created_by
	json ".groups[] | select(.verdict == \"growing\") | .$1[] | \"\(.function) \(.module)\""
}

leaks() { # MODE PORT STACK CREATED_BY
	start "$leakwatch" run -- "$libraries" "$1" "$2"
	wait_for 20 ended
	if missing; then
		for name in found stack creator; do skip "$1: $name" 'the library is not installed'; done
		return
	fi
	is "$1: found" "$(verdicts)" 'growing likely'
	like "$1: where its threads wait" "$(frames stack)" "$3"
	like "$1: who made them" "$(frames created_by)" "$4"
	stop "$pid"
}

fixed() { # MODE PORT
	start "$leakwatch" run -- "$libraries" "$1" "$2" fixed
	wait_for 20 ended
	if missing; then
		skip "$1, fixed" 'the library is not installed'
		return
	fi
	is "$1, fixed: no verdict" "$(verdicts)" ''
	stop "$pid"
}

# --- a broker -----------------------------------------------------------------------------------------

port=$(free_port)
printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$port" >"$scratch/conf"
mosquitto -c "$scratch/conf" >"$scratch/broker" 2>&1 &
own $!
wait_for 20 answers "$port" || diag "mosquitto does not answer: $(cat "$scratch/broker")"
leaks mosquitto "$port" '^mosquitto_loop_forever .*/libmosquitto' '^mosquitto_loop_start '
fixed mosquitto "$port"

# --- a peer that accepts nothing --------------------------------------------------------------------------

python3 -c 'import socket, time
peer = socket.socket()
peer.bind(("127.0.0.1", 0))
peer.listen(200)
print(peer.getsockname()[1], flush=True)
time.sleep(100)' >"$scratch/peer" &
own $!
wait_for 20 test -s "$scratch/peer"
port=$(cat "$scratch/peer")
leaks curl "$port" '^curl_easy_perform .*/libcurl' '^page_request '
fixed curl "$port"

# --- clients that say nothing ----------------------------------------------------------------------------

leaks microhttpd "$(free_port)" '/libmicrohttpd' '/libmicrohttpd'
fixed microhttpd "$(free_port)"
