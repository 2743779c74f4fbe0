#!/bin/sh
# Unbound: four threads on libevent; gives up being root.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
# shellcheck source=tests/services/daemon.sh
. "$(dirname "$0")/daemon.sh"
needs unbound dig jq
plan $((daemon_tests + 2))
daemon_home unbound

serve() {
	port=$(free_port)
	cat >"$home/conf" <<-END
		server:
		    chroot: ""
		    directory: "$home"
		    username: "$([ "$(id -u)" -eq 0 ] && echo "$user")"
		    pidfile: ""
		    use-syslog: no
		    interface: 127.0.0.1
		    port: $port
		    num-threads: 4
		    do-ip6: no
		    local-zone: "example.test." static
		    $(for i in $(seq 200); do echo "local-data: 'host$i.example.test. A 198.51.100.$i'"; done | tr '\n' ' ')
	END
	start "$@" unbound -d -c "$home/conf"
	wait_for 20 answers "$port" || diag "unbound does not answer: $(cat "$scratch/$pid.err")"
}

converse() {
	seq 200 | sed 's/.*/host&.example.test/' >"$scratch/names"
	dig @127.0.0.1 -p "$port" +short +tries=1 -f "$scratch/names"
	dig @127.0.0.1 -p "$port" +short +tcp -f "$scratch/names" | sha256sum
	dig @127.0.0.1 -p "$port" +noall +comments nothing.example.test | grep -o 'status: [A-Z]*'
}

daemon_alone
is 'what it should' "$(sed -n '1p;200p;202p' "$scratch/plain" | xargs)" \
	'198.51.100.1 198.51.100.200 status: NXDOMAIN'

daemon_watched
is 'four threads wait for events' "$(waiting epoll_wait event_base_loop)" 4
daemon_ends
