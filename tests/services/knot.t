#!/bin/sh
# Knot DNS: workers for UDP, TCP and the background, on liburcu; gives up being root.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
# shellcheck source=tests/services/daemon.sh
. "$(dirname "$0")/daemon.sh"
needs knotd kdig jq
plan $((daemon_tests + 5))
daemon_home knot

serve() {
	port=$(free_port)
	cat >"$home/conf" <<-END
		server:
		    rundir: $home
		    $([ "$(id -u)" -eq 0 ] && echo "user: $user")
		    listen: 127.0.0.1@$port
		    udp-workers: 3
		    tcp-workers: 3
		    background-workers: 3
		log:
		  - target: stderr
		    any: warning
		database:
		    storage: $home
		acl:
		  - id: all
		    action: transfer
		zone:
		  - domain: example.test
		    file: $home/zone
		    acl: all
	END
	start "$@" knotd -c "$home/conf" -s "$home/socket"
	wait_for 20 ready || diag "knotd does not answer: $(cat "$scratch/$pid.err")"
}

ready() {
	kdig @127.0.0.1 -p "$port" +timeout=1 +noall +answer soa example.test | grep -q SOA
}

{
	echo 'example.test. 60 SOA ns admin 1 3600 600 86400 60'
	echo 'example.test. 60 NS ns.example.test.'
	echo 'ns.example.test. 60 A 192.0.2.1'
	for i in $(seq 200); do echo "host$i.example.test. 60 A 198.51.100.$i"; done
} >"$home/zone"

converse() {
	for over in +notcp +tcp; do
		seq 200 | sed "s/.*/host&.example.test/" |
			xargs kdig @127.0.0.1 -p "$port" +short "$over"
	done
	kdig @127.0.0.1 -p "$port" nothing.example.test | grep -o 'status: [A-Z]*'
	kdig @127.0.0.1 -p "$port" +noall +answer axfr example.test | grep -c 198.51.100
}

daemon_alone
is 'what it should' "$(sed -n '1p;200p;400,402p' "$scratch/plain" | xargs)" \
	'198.51.100.1 198.51.100.200 198.51.100.200 status: NXDOMAIN 200'

daemon_watched
is 'six workers wait for events' "$(waiting epoll_wait)" 6
ok 'background workers wait on condition variables' test "$(waiting cond_wait)" -ge 3
is 'one of liburcu on a futex' "$(waiting futex)" 1
is 'the main thread waits for orders' "$(waiting poll knot_ctl_accept)" 1
daemon_ends
