#!/bin/sh
# Varnish: a manager, and a cache process with pools of threads, on jemalloc.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
# shellcheck source=tests/services/daemon.sh
. "$(dirname "$0")/daemon.sh"
needs varnishd curl jq
plan $((daemon_tests + 5))
daemon_home varnish

mkdir "$scratch/www"
for i in $(seq 20); do
	seq "$((i * 997))" "$((i * 1997))" >"$scratch/www/$i"
done
origin_port=$(free_port)
start /usr/bin/python3 -m http.server --bind 127.0.0.1 --directory "$scratch/www" "$origin_port"
ok 'an origin server answers' wait_for 20 answers "$origin_port"

serve() {
	port=$(free_port)
	start "$@" varnishd -F -n "$home/work" -a "127.0.0.1:$port" -b "127.0.0.1:$origin_port" -s malloc,10m \
		-p thread_pools=2 -p thread_pool_min=10
	wait_for 20 answers "$port" || diag "varnishd does not answer: $(cat "$scratch/$pid.err")"
	child_watched
}

converse() {
	curl -sS --fail-early "http://127.0.0.1:$port/[1-20]" | sha256sum
	curl -sS --parallel --fail-early "http://127.0.0.1:$port/[1-20]?[1-3]" | wc -c
	curl -sS -o /dev/null -w '%{http_code}\n' "http://127.0.0.1:$port/21"
}

daemon_alone
is 'what it should' "$(head -n 1 "$scratch/plain")" \
	"$(for i in $(seq 20); do cat "$scratch/www/$i"; done | sha256sum)"

daemon_watched
ok 'idle workers wait on condition variables' test "$(waiting cond_wait Lck_CondWaitUntil)" -ge 20
is 'the main thread waits for orders' "$(waiting poll CLI_Run)" 1
is 'each pool has a herder' "$(waiting cond_wait pool_herder)" 2
daemon_ends
