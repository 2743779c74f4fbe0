#!/bin/sh
# HAProxy: four threads, each with an event loop; gives up being root.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
# shellcheck source=tests/services/daemon.sh
. "$(dirname "$0")/daemon.sh"
needs haproxy curl jq
plan $((daemon_tests + 2))
daemon_home haproxy

serve() {
	port=$(free_port)
	back_port=$(free_port)
	cat >"$home/conf" <<-END
		global
		    nbthread 4
		    $([ "$(id -u)" -eq 0 ] && echo "user $user")
		defaults
		    mode http
		    timeout connect 5s
		    timeout client 5s
		    timeout server 5s
		frontend front
		    bind 127.0.0.1:$port
		    default_backend behind
		backend behind
		    server one 127.0.0.1:$back_port
		frontend answering
		    bind 127.0.0.1:$back_port
		    http-request return status 200 content-type text/plain lf-string "path %[path] by %[method]\n"
	END
	start "$@" haproxy -db -f "$home/conf"
	wait_for 20 answers "$port" || diag "haproxy does not answer: $(cat "$scratch/$pid.err")"
}

converse() {
	curl -sS --fail-early "http://127.0.0.1:$port/[1-200]"
	curl -sS --parallel --fail-early "http://127.0.0.1:$port/[1-200]" | sort
}

daemon_alone
is 'what it should' "$(sed -n '1p;200p;400p' "$scratch/plain")" 'path /1 by GET
path /200 by GET
path /99 by GET'

daemon_watched
is 'four threads wait for events' "$(waiting epoll_wait run_poll_loop)" 4
daemon_ends
