#!/bin/sh
# Services without faults, at rest and under load, with a dump every 0.2 s: no verdict, and nothing is proven.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs memcached redis-server redis-benchmark jq
plan 14
here=$(dirname "$0")

export LEAKWATCH_INTERVAL=0.2 LEAKWATCH_TICK=0.05 LEAKWATCH_KEEP=0

verdicts() { "$leakwatch" report --json "$pid" | jq -r '.verdicts[] | "\(.verdict) \(.certainty) \(.count)"'; }

dumps_more() { [ "$(stored)" -ge "$((before + $1))" ]; }

quiet() { # NAME: ten dumps more, and still nothing to say
	before=$(stored)
	ok "$1: ten dumps" wait_for 20 dumps_more 10
	is "$1: no verdict" "$(verdicts)" ''
	is "$1: nothing is proven" "$(prove "$pid")" ''
	diag "$(proved)"
}

port=$(free_port)
start "$leakwatch" run -- memcached -l 127.0.0.1 -p "$port" -U 0 -t 4 -u "$(id -un)"
wait_for 20 answers "$port" || diag "memcached does not answer: $(cat "$scratch/$pid.err")"
quiet 'memcached at rest'
"$here/memcached-load.py" "$port" 100000 >"$scratch/load" 2>&1 &
own $!
quiet 'memcached under load'
ok 'until now' kill $!
stop "$pid"
rm -f "$LEAKWATCH_DIR"/*.dump

port=$(free_port)
start "$leakwatch" run -- redis-server --bind 127.0.0.1 --port "$port" --save '' --dir "$scratch" --io-threads 4
wait_for 20 answers "$port" || diag "redis does not answer: $(cat "$scratch/$pid.err")"
quiet 'redis at rest'
redis-benchmark -p "$port" -l -q -n 100000 -c 50 -t set,get >"$scratch/load" 2>&1 &
own $!
quiet 'redis under load'
ok 'until now' kill $!
stop "$pid"
