#!/bin/sh
# MariaDB: a thread for each connection, and a score of its own.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
# shellcheck source=tests/services/daemon.sh
. "$(dirname "$0")/daemon.sh"
needs mariadbd mariadb mariadb-install-db jq
plan $((daemon_tests + 10))
daemon_home mysql

run mariadb-install-db --no-defaults --user="$user" --datadir="$home/data" --skip-test-db \
	--auth-root-authentication-method=normal
[ "$status" -eq 0 ] || diag "$out $err"

serve() {
	port=$(free_port)
	# shellcheck disable=SC2086 # a list of words
	start $as_user "$@" mariadbd --no-defaults --user="$user" --datadir="$home/data" --socket="$home/socket" \
		--bind-address=127.0.0.1 --port="$port" --innodb-buffer-pool-size=16M
	wait_for 20 ready || diag "mariadbd does not answer: $(cat "$scratch/$pid.err")"
}

sql() {
	mariadb --no-defaults --protocol=tcp --host=127.0.0.1 --port="$port" --user=root --skip-column-names
}

ready() {
	echo 'select 1;' | sql
}

rows() {
	seq "$1" "$2" | sed 's/.*/(&, repeat("&", 20)),/'
	echo '(0, "")'
}

# Six clients at a time, each with a database of its own.
converse() {
	converse_pids=
	for i in 1 2 3 4 5 6; do
		{
			echo "drop database if exists d$i; create database d$i; use d$i;"
			echo 'create table t (id int primary key, word text) engine=innodb;'
			echo "insert into t values $(rows "$i" "$((i * 300))");"
			echo 'start transaction; update t set word = concat(word, "!") where id % 3 = 0; commit;'
			echo 'select count(*), sum(length(word)), sum(crc32(word)) from t;'
			echo 'select sleep(0.05); delete from t where id % 2 = 0; select count(*) from t;'
			echo 'select get_lock("l", 10), release_lock("l");'
		} | sql >"$scratch/sql.$i" 2>&1 &
		converse_pids="$converse_pids $!"
	done
	# shellcheck disable=SC2086 # a list of pids
	wait $converse_pids
	cat "$scratch"/sql.?
}

daemon_alone
like 'what it should' "$(cat "$scratch/plain")" '^1796	122360	'

daemon_watched
is 'the main thread waits for connections' "$(waiting poll 'handle_connections_sockets()')" 1
ok 'threads of InnoDB wait on condition variables' test "$(waiting cond_wait start_thread)" -ge 3

# Statements that wait for a lock: one of the three has it, and sleeps.
for i in 1 2 3; do
	echo "select get_lock('held', 20), sleep(20);" | sql >"$scratch/held.$i" 2>&1 &
	own $!
done
locked() {
	daemon_settled && [ "$(waiting cond_wait 'Item_func_get_lock::val_int()')" = 2 ]
}
ok 'two statements are seen waiting for a lock' wait_for 20 locked
daemon_ends

# --- started as root ----------------------------------------------------------------------------------

# Who gives up being root may not look into its own threads by /proc: what no wrapper saw stays unknown.
unseen() {
	json '[.groups[] | select(.wait == "unknown" or .wait == "running") | .count] | add // 0'
}
counted() {
	dump "$pid" && [ "$(unseen)" = "$(json '.losses.thread_unreadable // 0')" ]
}
if [ "$(id -u)" -eq 0 ]; then
	as_user=
	daemon_serve "$leakwatch" run --
	ok 'it answers after giving up being root' daemon_converse "$scratch/answers"
	ok 'the same' cmp "$scratch/plain" "$scratch/answers"
	ok 'threads that cannot be read are counted' wait_for 20 counted
	is 'nothing else is lost' "$(json '.losses | del(.thread_unreadable, .descriptors) | tojson')" '{}'
	is 'all others have whole stacks' \
		"$(json '[.groups[] | select(.wait != "unknown") | .partial or .stack == []] | any')" false
	daemon_stops
else
	for name in answers same unread else others ends; do skip "$name" 'needs root to give it up'; done
fi
