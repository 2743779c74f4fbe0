#!/bin/sh
# redis-server under the shim: it answers, saves in a child and ends as without, and the report names
# what each of its threads waits in, exactly as gdb sees it.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs redis-server redis-cli redis-benchmark jq
plan 22
here=$(dirname "$0")

# Starts redis on a port of its own, by the words before it; sets $pid and $port.
serve() {
	port=$(free_port)
	mkdir -p "$scratch/data"
	start "$@" redis-server --bind 127.0.0.1 --port "$port" --dir "$scratch/data" \
		--daemonize no --save '' --io-threads 3
	wait_for 20 answers "$port" || diag "redis does not answer: $(cat "$scratch/$pid.out")"
}

ask() {
	redis-cli -h 127.0.0.1 -p "$port" "$@"
}

# Requests of many kinds, whose answers are the same every time.
requests() {
	i=0
	while [ "$i" -lt 300 ]; do
		i=$((i + 1))
		echo "SET key:$i value-$i"
		echo "GET key:$((i / 2))"
		echo "RPUSH list $i"
		echo "HSET hash field:$i $((i * i))"
		echo "ZADD scores $((i * 7 % 300)) member:$i"
		echo "INCR counter"
	done
	echo 'LRANGE list 0 -1'
	echo 'ZRANGE scores 0 -1 WITHSCORES'
	echo 'SORT list DESC LIMIT 0 20'
	echo 'BLPOP nothing 0.01'
	echo 'EVAL "return redis.call(\"DBSIZE\")" 0'
	echo 'UNLINK list hash'
	echo 'DBSIZE'
	echo 'FLUSHALL ASYNC'
}

converse() {
	requests | ask >"$1" 2>&1
}

saved() {
	[ "$(ask info persistence | tr -d '\r' | grep -E '^rdb_(bgsave_in_progress|last_bgsave_status):' | xargs)" = \
		'rdb_bgsave_in_progress:0 rdb_last_bgsave_status:ok' ] && [ -s "$scratch/data/dump.rdb" ]
}

# --- without ----------------------------------------------------------------------------------------

serve
ok 'without the shim it answers' converse "$scratch/plain"
like 'what it should' "$(tail -n 2 "$scratch/plain" | head -n 1)" '^3[0-9]{2}$'
stop "$pid"
plain_status=$status

# --- with -------------------------------------------------------------------------------------------

serve "$leakwatch" run --
ok 'with the shim it answers' converse "$scratch/watched"
ok 'the same' cmp "$scratch/plain" "$scratch/watched"
like 'a saving child is started' "$(ask bgsave)" 'Background saving started'
ok 'and succeeds' wait_for 20 saved
run "$leakwatch" ps
like 'ps lists it' "$out" "^ *$pid  redis-server +$(tids "$pid" | wc -l) +[0-9]+ "

ok 'dumps are taken, and one finds all threads waiting' wait_for 20 settled "$pid"
is 'it has every thread' "$(dumped)" "$(tids "$pid")"
is 'and no losses' "$(json '.losses | length')" 0
is 'the main thread waits for events' \
	"$(json '.groups[] | select(.wait == "epoll_wait") | "\(.count) \(.timed) " +
		([.stack[].function] | map(select(. == "aeMain" or . == "main")) | join(" "))')" '1 true aeMain main'
is 'three threads wait for background jobs' \
	"$(json '.groups[] | select(.wait == "cond_wait" and .count == 3)
		| "\(.stack[0].function) \(.created_by[0].function)"')" 'bioProcessBackgroundJobs bioInit'
is 'under their names' \
	"$(json '[.groups[] | select(.count == 3) | .threads[].name] | sort | join(" ")')" \
	'bio_aof_fsync bio_close_file bio_lazy_free'
is 'two for the lock of the idle input and output threads' \
	"$(json '.groups[] | select(.wait == "mutex_lock") | "\(.count) \(.stack[0].function) \(.created_by[0].function)"')" \
	'2 IOThreadMain initThreadedIO'
is 'every stack is whole, none guessed' \
	"$(json '[.groups[] | .partial or any(.stack[]; .guessed)] | any')" false

if command -v gdb >/dev/null; then
	run "$here/../oracle/gdb-compare.sh" "$leakwatch" "$pid" "$scratch/oracle"
	is 'gdb sees the same stacks' "$status" 0
	diag "$out"
else
	skip 'gdb sees the same stacks' 'gdb is not installed'
fi

# redis writes a title over its environment, where --dir was said.
hidden() {
	env -u LEAKWATCH_DIR "$@"
}
if grep -qz LEAKWATCH_DIR "/proc/$pid/environ"; then
	diag 'this redis shows its environment'
fi
run hidden "$leakwatch" ps
like 'ps finds it wherever its directory is' "$out" "^ *$pid  redis-server "
run hidden "$leakwatch" dump "$pid"
like 'so does dump' "$status $out" "^0 $LEAKWATCH_DIR/redis_server-$pid-"

stop "$pid"
is 'it ends as without the shim' "$status" "$plain_status"

# --- a dump every second, under load ----------------------------------------------------------------

rm -f "$LEAKWATCH_DIR"/*.dump
serve "$leakwatch" run --interval=1 --
wrong=
load_until_stored() { # COUNT: one more round of load each time
	redis-benchmark -h 127.0.0.1 -p "$port" -q -c 20 -n 2000 -t set,get,lpush,lpop &&
		ask flushall && converse "$scratch/loaded" && cmp "$scratch/plain" "$scratch/loaded" || wrong=yes
	stored_more "$1"
}
ok 'dumps are stored while it works' wait_for 30 load_until_stored 3
is 'its answers stay right' "$wrong" ''
stop "$pid"
is 'it ends as without the shim, and every dump can be read' "$status $(broken)" "$plain_status "
