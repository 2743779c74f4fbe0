#!/bin/sh
# rsyslogd: inputs, and queues with workers, in threads.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
# shellcheck source=tests/services/daemon.sh
. "$(dirname "$0")/daemon.sh"
needs rsyslogd logger jq
plan $((daemon_tests + 4))
daemon_home root

serve() {
	port=$(free_port)
	rm -f "$home/log"
	cat >"$home/conf" <<-END
		global(workDirectory="$home")
		module(load="imtcp")
		module(load="imudp")
		input(type="imtcp" port="$port" address="127.0.0.1")
		input(type="imudp" port="$port" address="127.0.0.1")
		template(name="line" type="string" string="%programname% %msg%\n")
		main_queue(queue.type="LinkedList" queue.workerThreads="4" queue.workerThreadMinimumMessages="10")
		action(type="omfile" file="$home/log" template="line" queue.type="LinkedList")
	END
	start "$@" rsyslogd -n -f "$home/conf" -i "$home/pid"
	wait_for 20 answers "$port" || diag "rsyslogd does not answer: $(cat "$scratch/$pid.err")"
}

logged() { # LINES
	[ "$(grep -c '^round' "$home/log")" -eq "$1" ]
}

converse() {
	: >"$home/log"
	seq 500 | sed 's/.*/message & over TCP/' >"$scratch/messages"
	logger -n 127.0.0.1 -P "$port" -T -t round --rfc3164 -f "$scratch/messages"
	sed 's/TCP/UDP/' "$scratch/messages" | head -n 50 | logger -n 127.0.0.1 -P "$port" -d -t round --rfc3164
	wait_for 20 logged 550
	sort "$home/log" | grep '^round'
}

daemon_alone
is 'what it should' "$(wc -l <"$scratch/plain") $(grep -c UDP "$scratch/plain")" '550 50'

daemon_watched
ok 'workers wait for messages' test "$(waiting cond_wait wtiWorker)" -ge 1
is 'inputs wait for events' "$(waiting epoll_wait)" 2
is 'the main thread selects' "$(waiting select main)" 1
daemon_ends
