#!/bin/sh
# nginx with a pool of threads that read files: a master, and a worker that gives up being root.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
# shellcheck source=tests/services/daemon.sh
. "$(dirname "$0")/daemon.sh"
needs nginx curl jq
plan $((daemon_tests + 4))
daemon_home www-data

mkdir "$home/www"
i=0
while [ "$i" -lt 20 ]; do
	i=$((i + 1))
	seq "$((i * 997))" "$((i * 1997))" >"$home/www/$i"
done

configuration() {
	cat <<-END
		daemon off;
		master_process on;
		worker_processes 1;
		pid $home/pid;
		error_log stderr warn;
		$([ "$(id -u)" -eq 0 ] && echo "user $user;")
		thread_pool files threads=6;
		events { worker_connections 100; }
		http {
			access_log off;
			client_body_temp_path $home/body;
			proxy_temp_path $home/proxy;
			fastcgi_temp_path $home/fastcgi;
			uwsgi_temp_path $home/uwsgi;
			scgi_temp_path $home/scgi;
			server {
				listen 127.0.0.1:$port;
				root $home/www;
				aio threads=files;
				sendfile off;
			}
		}
	END
}

serve() {
	port=$(free_port)
	configuration >"$home/conf"
	start "$@" nginx -p "$home" -e stderr -c "$home/conf"
	wait_for 20 answers "$port" || diag "nginx does not answer: $(cat "$scratch/$pid.err")"
	child_watched
}

converse() {
	curl -sS --fail-early "http://127.0.0.1:$port/[1-20]" | sha256sum
	curl -sS -r 1000-1999 "http://127.0.0.1:$port/[1-20]" | sha256sum
	curl -sS -o /dev/null -w '%{http_code}\n' "http://127.0.0.1:$port/21"
}

daemon_alone
is 'what it should' "$(head -n 1 "$scratch/plain")" \
	"$(for i in $(seq 20); do cat "$home/www/$i"; done | sha256sum)"

daemon_watched
is 'the worker waits for events' "$(waiting epoll_wait ngx_process_events_and_timers)" 1
is 'the pool waits on a condition variable' "$(waiting cond_wait)" 6
is 'and was created by nginx' \
	"$(json '.groups[] | select(.wait == "cond_wait") | .created_by[0].module | split("/") | last')" nginx
daemon_ends
