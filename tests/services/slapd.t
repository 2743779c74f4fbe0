#!/bin/sh
# slapd: a listener and a pool of workers over LMDB; gives up being root.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
# shellcheck source=tests/services/daemon.sh
. "$(dirname "$0")/daemon.sh"
PATH=$PATH:/usr/sbin:/sbin
needs slapd ldapadd ldapsearch ldapdelete jq
plan $((daemon_tests + 4))
daemon_home openldap

for schema in core cosine inetorgperson; do
	echo "include /etc/ldap/schema/$schema.schema"
done >"$home/conf"
cat >>"$home/conf" <<END
modulepath /usr/lib/ldap
moduleload back_mdb
threads 6
database mdb
suffix dc=example,dc=test
rootdn cn=admin,dc=example,dc=test
rootpw secret
directory $home/data
maxsize 10000000
END

serve() {
	port=$(free_port)
	rm -rf "$home/data"
	$as_user mkdir "$home/data"
	# shellcheck disable=SC2046 # two words or none
	start "$@" slapd -d 0 -f "$home/conf" -h "ldap://127.0.0.1:$port" \
		$([ "$(id -u)" -eq 0 ] && echo "-u $user")
	wait_for 20 answers "$port" || diag "slapd does not answer: $(cat "$scratch/$pid.err")"
	administer ldapadd >/dev/null <<-END
		dn: dc=example,dc=test
		objectClass: domain
		dc: example
	END
}

administer() {
	administer_tool=$1
	shift
	"$administer_tool" -x -H "ldap://127.0.0.1:$port" -D cn=admin,dc=example,dc=test -w secret "$@"
}

people() {
	for i in $(seq "$1" "$2"); do
		printf 'dn: cn=person %s,dc=example,dc=test\nobjectClass: person\ncn: person %s\nsn: %s\n\n' "$i" "$i" $((i * i))
	done
}

converse() {
	people 1 200 | administer ldapadd | grep -c adding
	search_pids=
	for i in 1 2 3 4; do
		ldapsearch -x -LLL -o ldif-wrap=no -H "ldap://127.0.0.1:$port" -b dc=example,dc=test "(cn=*$i)" sn \
			>"$scratch/found.$i" &
		search_pids="$search_pids $!"
	done
	# shellcheck disable=SC2086 # a list of pids
	wait $search_pids
	cat "$scratch"/found.?
	ldapsearch -x -H "ldap://127.0.0.1:$port" -b dc=nowhere | grep '^result'
	people 1 200 | sed -n 's/^dn: //p' | administer ldapdelete -c
}

daemon_alone
is 'what it should' "$(head -n 1 "$scratch/plain") $(grep -c ^sn: "$scratch/plain") $(tail -n 1 "$scratch/plain")" \
	'200 80 result: 32 No such object'

daemon_watched
ok 'workers wait on a condition variable' test "$(waiting cond_wait)" -ge 3
is 'the listener waits for events' "$(waiting epoll_wait)" 1
is 'the main thread joins it' "$(waiting join slapd_daemon)" 1
daemon_ends
