#!/bin/sh
# PostgreSQL: a process for each connection and each helper, and one thread in each.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
# shellcheck source=tests/services/daemon.sh
. "$(dirname "$0")/daemon.sh"
for directory in /usr/lib/postgresql/*/bin; do
	PATH=$PATH:$directory
done
needs postgres initdb psql pgbench jq
plan $((daemon_unwatched_tests + 1))
daemon_home postgres

# shellcheck disable=SC2086 # a list of words
run $as_user initdb -D "$home/data" -A trust --no-sync -U admin --locale=C
[ "$status" -eq 0 ] || diag "$out $err"

serve() {
	port=$(free_port)
	# shellcheck disable=SC2086 # a list of words
	start $as_user "$@" postgres -D "$home/data" -h 127.0.0.1 -p "$port" -k '' -F \
		-c max_parallel_workers_per_gather=2 -c min_parallel_table_scan_size=0 \
		-c parallel_setup_cost=0 -c parallel_tuple_cost=0
	wait_for 20 sql -c 'select 1' || diag "postgres does not answer: $(cat "$scratch/$pid.err")"
}

sql() {
	PGOPTIONS='--client-min-messages=warning' psql -X -q -A -t -h 127.0.0.1 -p "$port" -U admin postgres "$@"
}

converse() {
	sql <<-END
		drop table if exists t;
		create table t as select i, repeat(i::text, 10) as word from generate_series(1, 20000) i;
		analyze t;
		select count(*), sum(length(word)), md5(string_agg(word, ',' order by i)) from t where i % 7 <> 3;
		explain (costs off) select count(*) from t;
		select pg_sleep(0.05);
		set statement_timeout = 50;
		select pg_sleep(10);
	END
	pgbench -h 127.0.0.1 -p "$port" -U admin -i -q postgres
	pgbench -h 127.0.0.1 -p "$port" -U admin -c 6 -j 2 -t 50 -n postgres | grep -E 'processed|failed'
	sql -c 'select count(*) from pgbench_history'
}

daemon_alone
like 'what it should' "$(cat "$scratch/plain")" 'number of transactions actually processed: 300/300'
daemon_unwatched
