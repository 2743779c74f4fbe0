#!/bin/sh
# Mosquitto: one thread, so there is nothing to watch, and the shim only passes through.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
# shellcheck source=tests/services/daemon.sh
. "$(dirname "$0")/daemon.sh"
PATH=$PATH:/usr/sbin
needs mosquitto mosquitto_pub mosquitto_sub jq
plan $((daemon_unwatched_tests + 1))
daemon_home mosquitto

serve() {
	port=$(free_port)
	cat >"$home/conf" <<-END
		listener $port 127.0.0.1
		allow_anonymous true
		user $user
		persistence true
		persistence_location $home/
	END
	start "$@" mosquitto -c "$home/conf"
	wait_for 20 answers "$port" || diag "mosquitto does not answer: $(cat "$scratch/$pid.err")"
}

converse() {
	# The session is there from the first on, so nothing is missed whenever the second comes.
	mosquitto_sub -h 127.0.0.1 -p "$port" -i reader -c -q 1 -t 'house/+/room' -E
	mosquitto_sub -h 127.0.0.1 -p "$port" -i reader -c -q 1 -t 'house/+/room' -C 300 -W 20 -F '%t %q %p' \
		>"$scratch/subscriber" &
	subscriber=$!
	own "$subscriber"
	for i in 1 2 3; do
		seq "$i" "$((i + 99))" | mosquitto_pub -h 127.0.0.1 -p "$port" -q 1 -t "house/$i/room" -l
	done
	wait "$subscriber"
	echo "exit code $?"
	sort "$scratch/subscriber"
}

daemon_alone
is 'what it should' "$(wc -l <"$scratch/plain") $(head -n 1 "$scratch/plain")" '301 exit code 0'
daemon_unwatched
