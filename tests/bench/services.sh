#!/bin/sh
# services.sh - the throughput of services under load, with the shim and a dump, or a proof by reachability, every second, and
# without: two servers of each kind, loaded in turns for some tenths of a second; the one that is not is stopped.
# Usage: services.sh [PAIRS [SERVICE...]]
set -eu
# shellcheck source=tests/bench/lib/bench.sh
. "$(dirname "$0")/lib/bench.sh"
pairs=${1:-61}
[ $# -eq 0 ] || shift
seconds=0.2
# It runs for half of the time: two seconds of the clock are one of its own.
dump="env LEAKWATCH_INTERVAL=2 LD_PRELOAD=$shim"
# A proof takes two ticks.
proof="env LEAKWATCH_INTERVAL=2 LEAKWATCH_PROVE_EVERY=1 LEAKWATCH_TICK=0.1 LD_PRELOAD=$shim"
servers=

end_servers() {
	# shellcheck disable=SC2086 # a list
	[ -z "$servers" ] || { kill $servers; kill -CONT $servers; wait $servers; } 2>/dev/null || :
	servers=
}
trap 'end_servers; rm -rf "$dir"' EXIT

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# await COMMAND...: until it succeeds, 20 s at most.
await() {
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 200 ] || return 1
		sleep 0.1
	done
}

answers() { python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$1"; }

# launch SIDE COMMAND...: as a server of ours, by the words for that side.
launch() {
	side=$1
	shift
	words=
	case $side in
	dump) words=$dump ;;
	proof) words=$proof ;;
	esac
	# shellcheck disable=SC2086 # a list of words
	$words "$@" >"$dir/server.$side" 2>&1 &
	server=$!
	servers="$servers $server"
}

# --- the services: start_NAME SIDE PORT, load_NAME SIDE PORT ------------------------------------------------

start_memcached() { launch "$1" memcached -u "$(id -un)" -l 127.0.0.1 -p "$2" -t 4; }
load_memcached() { "$build/tests/bench/load" "$2" 16 "$seconds" 'set k 0 0 8\r\n12345678\r\n'; }

start_redis() {
	launch "$1" redis-server --bind 127.0.0.1 --port "$2" --save '' --dir "$dir" --daemonize no
}
load_redis() { "$build/tests/bench/load" "$2" 16 "$seconds" 'SET k 12345678\r\n'; }

# Files are read by its threads.
start_nginx() {
	mkdir -p "$dir/nginx.$1/www"
	seq 200 >"$dir/nginx.$1/www/file"
	cat >"$dir/nginx.$1/conf" <<-END
		daemon off; master_process off; pid $dir/nginx.$1/pid; error_log stderr crit;
		thread_pool files threads=6;
		events { worker_connections 100; }
		http {
			access_log off; keepalive_requests 1000000000;
			client_body_temp_path $dir/nginx.$1/body; proxy_temp_path $dir/nginx.$1/proxy;
			fastcgi_temp_path $dir/nginx.$1/fastcgi; uwsgi_temp_path $dir/nginx.$1/uwsgi;
			scgi_temp_path $dir/nginx.$1/scgi;
			server { listen 127.0.0.1:$2; root $dir/nginx.$1/www; aio threads=files; sendfile off; }
		}
	END
	launch "$1" nginx -p "$dir/nginx.$1" -e stderr -c "$dir/nginx.$1/conf"
}
load_nginx() { "$build/tests/bench/load" "$2" 16 "$seconds" 'GET /file HTTP/1.1\r\nHost: x\r\n\r\n'; }

start_mariadb() {
	data=$dir/mariadb.$1
	mariadb-install-db --no-defaults --datadir="$data" --user="$(id -un)" \
		--auth-root-authentication-method=normal --skip-test-db >/dev/null 2>&1
	launch "$1" mariadbd --no-defaults --datadir="$data" --user="$(id -un)" --bind-address=127.0.0.1 --port="$2" \
		--socket="$data/socket" --pid-file="$data/pid" --tmpdir="$data"
}
queries=10000
load_mariadb() {
	mariadb-slap --no-defaults --socket="$dir/mariadb.$1/socket" --user=root --concurrency=8 --iterations=1 \
		--number-of-queries=$queries --query='select 1 + 1' --no-drop --create-schema=mysql |
		awk -v queries=$queries '/Average number of seconds/ { for (i = 1; i <= NF; i++) if ($i ~ /^[0-9.]+$/) print queries / $i }'
}

# --- pairs ------------------------------------------------------------------------------------------------

# Ticks of 10 ms that other virtual machines had of our processors.
stolen() { awk '$1 == "cpu" { print $9 }' /proc/stat; }

# loaded SIDE PID PORT: the answers of one run.
loaded() {
	kill -CONT "$2"
	"load_$name" "$1" "$3"
	kill -STOP "$2"
}

ratios() { awk '{ printf "%.3f\n", $2 / $1 }' "$dir/pairs"; }

quantile() { sort -n | awk -v q="$1" '{ v[NR] = $1 } END { print NR ? v[int(q * (NR - 1)) + 1] : "-" }'; }

measure() { # WHAT
	plain_port=$(free_port)
	"start_$name" plain "$plain_port"
	plain_server=$server
	await answers "$plain_port"
	shim_port=$(free_port)
	"start_$name" "$1" "$shim_port"
	shim_server=$server
	await answers "$shim_port"
	loaded plain "$plain_server" "$plain_port" >/dev/null
	loaded "$1" "$shim_server" "$shim_port" >/dev/null
	: >"$dir/pairs"
	disturbed=0 pair=0
	while [ "$pair" -lt "$pairs" ] && [ "$disturbed" -lt "$pairs" ]; do
		before=$(stolen)
		# Each side is first in turn.
		if [ $((pair % 2)) -eq 0 ]; then
			plain=$(loaded plain "$plain_server" "$plain_port")
			shimmed=$(loaded "$1" "$shim_server" "$shim_port")
		else
			shimmed=$(loaded "$1" "$shim_server" "$shim_port")
			plain=$(loaded plain "$plain_server" "$plain_port")
		fi
		if [ "$(stolen)" -gt "$((before + 1))" ]; then
			disturbed=$((disturbed + 1))
			continue
		fi
		pair=$((pair + 1))
		echo "$plain $shimmed" >>"$dir/pairs"
	done
	end_servers
	kept=$(grep -lrE "^# $1 .*(sequence|pictures)=[1-9]" "$dir/dumps" | wc -l)
	rm -rf "$dir/dumps" "$dir/$name.plain" "$dir/$name.$1"
	printf '| %s | %.0f | %.0f | %s | %s to %s | %s | %s |\n' "$name" "$(cut -d' ' -f1 "$dir/pairs" | median)" \
		"$(cut -d' ' -f2 "$dir/pairs" | median)" \
		"$(ratios | median)" "$(ratios | quantile 0.25)" "$(ratios | quantile 0.75)" "$disturbed" "$kept"
}

for what in dump proof; do
	printf '\n### Throughput of services, a %s every second\n\n%s. Medians of %s pairs of runs, in turns, on the two cores that the load uses too;\npairs in which other virtual machines had those cores are not counted.\n\n' \
		"$what" "$(machine)" "$pairs"
	printf '| service | without, answers/s | with, answers/s | ratio | half of the pairs | not counted | %ss |\n|---|---|---|---|---|---|---|\n' "$what"
	for service in memcached:memcached redis:redis-server nginx:nginx mariadb:mariadbd; do
		name=${service%:*}
		case " ${*:-$name} " in
		*" $name "*) ;;
		*) continue ;;
		esac
		if command -v "${service#*:}" >/dev/null; then
			measure "$what"
		else
			printf '| %s | not installed | - | - | - | - | - |\n' "$name"
		fi
	done
done
