#!/bin/sh
# stunnel: a thread for each connection.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
# shellcheck source=tests/services/daemon.sh
. "$(dirname "$0")/daemon.sh"
needs stunnel openssl curl jq
plan $((daemon_tests + 4))
daemon_home stunnel4

mkdir "$scratch/www"
for i in $(seq 20); do
	seq "$((i * 997))" "$((i * 1997))" >"$scratch/www/$i"
done
back_port=$(free_port)
start /usr/bin/python3 -m http.server --bind 127.0.0.1 --directory "$scratch/www" "$back_port"
ok 'a server behind it answers' wait_for 20 answers "$back_port"
run openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
	-addext subjectAltName=IP:127.0.0.1 -keyout "$home/key" -out "$home/certificate"
[ "$status" -eq 0 ] || diag "$err"

serve() {
	port=$(free_port)
	cat >"$home/conf" <<-END
		foreground = yes
		pid =
		syslog = no
		debug = err
		$([ "$(id -u)" -eq 0 ] && echo "setuid = $user")
		[web]
		accept = 127.0.0.1:$port
		connect = 127.0.0.1:$back_port
		cert = $home/certificate
		key = $home/key
	END
	start "$@" stunnel "$home/conf"
	wait_for 20 answers "$port" || diag "stunnel does not answer: $(cat "$scratch/$pid.err")"
}

converse() {
	curl -sS --cacert "$home/certificate" --fail-early "https://127.0.0.1:$port/[1-20]" | sha256sum
	curl -sS --cacert "$home/certificate" --parallel --fail-early "https://127.0.0.1:$port/[1-20]" | wc -c
	printf 'GET /1 HTTP/1.0\r\n\r\n' | timeout 10 openssl s_client -quiet -verify_return_error -CAfile "$home/certificate" \
		-connect "127.0.0.1:$port" 2>"$scratch/s_client.err" | tail -n 1
	curl -sS -o "$scratch/refused" --max-time 5 "http://127.0.0.1:$port/1" 2>"$scratch/curl.err"
	echo "without TLS: $?"
}

daemon_alone
is 'what it should' "$(head -n 1 "$scratch/plain")" \
	"$(for i in $(seq 20); do cat "$scratch/www/$i"; done | sha256sum)"
daemon_watched
# A connection that stays open.
mkfifo "$scratch/silence"
openssl s_client -quiet -connect "127.0.0.1:$port" <"$scratch/silence" >"$scratch/s_client" 2>&1 &
own $!
exec 3>"$scratch/silence"
served() {
	daemon_settled && [ "$(waiting poll start_thread)" = 2 ]
}
ok 'the thread of an open connection polls' wait_for 20 served
is 'the main thread polls' "$(waiting poll __libc_start_call_main)" 1
daemon_ends
