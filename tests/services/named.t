#!/bin/sh
# named of BIND 9: network threads on libuv, timers, jemalloc; gives up being root.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
# shellcheck source=tests/services/daemon.sh
. "$(dirname "$0")/daemon.sh"
needs named dig jq
plan $((daemon_tests + 3))
daemon_home bind

serve() {
	port=$(free_port)
	cat >"$home/conf" <<-END
		options {
			directory "$home"; pid-file none; session-keyfile none; listen-on-v6 { none; };
			listen-on port $port { 127.0.0.1; };
			recursion no; dnssec-validation no;
		};
		controls { };
		zone "example.test" { type primary; file "zone"; };
	END
	start "$@" named -f -4 -n 4 -u "$user" -c "$home/conf"
	wait_for 20 loaded || diag "named does not answer: $(cat "$scratch/$pid.err")"
}

# It listens before it has read its zones, and answers SERVFAIL until then.
loaded() {
	[ "$(dig @127.0.0.1 -p "$port" +short +tries=1 +time=1 host200.example.test)" = 198.51.100.200 ]
}

# shellcheck disable=SC2016 # not a variable
{
	echo '$TTL 60'
	echo '@ SOA ns admin 1 3600 600 86400 60'
	echo '@ NS ns'
	echo 'ns A 192.0.2.1'
	for i in $(seq 200); do echo "host$i A 198.51.100.$i"; done
} >"$home/zone"

converse() {
	seq 200 | sed 's/.*/host&.example.test/' >"$scratch/names"
	dig @127.0.0.1 -p "$port" +short +tries=1 -f "$scratch/names"
	dig @127.0.0.1 -p "$port" +short +tcp -f "$scratch/names" | sha256sum
	dig @127.0.0.1 -p "$port" +noall +comments nothing.example.test | grep -o 'status: [A-Z]*'
	dig @127.0.0.1 -p "$port" +noall +answer axfr example.test | wc -l
}

daemon_alone
is 'what it should' "$(sed -n '1p;200p;202,203p' "$scratch/plain" | xargs)" \
	'198.51.100.1 198.51.100.200 status: NXDOMAIN 204'

daemon_watched
is 'two threads for each of four workers wait for events' "$(waiting epoll_wait uv_run)" 8
is 'the main thread waits for a signal' "$(waiting sigwait main)" 1
daemon_ends
