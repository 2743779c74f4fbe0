#!/bin/sh
# Installs the Debian packages that a job needs: deps.sh base|services. As root, or through sudo.
set -eu

base="gcc g++ clang make libc6-dev binutils pkg-config git perl bsdextrautils
	libunwind-dev uthash-dev libdw-dev libelf-dev libmicrohttpd-dev libcmocka-dev
	clang-format shellcheck man-db gdb elfutils jq curl procps python3-minimal
	golang-go google-perftools libjemalloc2 libtcmalloc-minimal4 faketime
	memcached redis-server redis-tools"
services="nginx-light mariadb-server varnish bind9 bind9-dnsutils knot knot-dnsutils unbound haproxy
	rsyslog bsdutils slapd ldap-utils mosquitto mosquitto-clients postgresql stunnel4 openssl
	libpython3.11-testsuite stress-ng"

case "${1-}" in
base) packages=$base ;;
services) packages=$services ;;
*) echo "usage: deps.sh base|services" >&2; exit 2 ;;
esac

sudo=
[ "$(id -u)" -eq 0 ] || sudo=sudo

# Nothing to fetch where all is there: the check works without a network.
missing=
for package in $packages; do
	[ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = "ii " ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
	echo "deps: every package is installed"
	exit 0
fi

echo "deps: installing$missing"
$sudo apt-get update -q

# The daemons that come with packages must not start: the tests start their own. Maintainer scripts ask
# policy-rc.d (invoke-rc.d and deb-systemd-invoke do), or, without systemd, go by the run level.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap '$sudo rm -f "$policy"' EXIT
	trap 'exit 1' HUP INT TERM
	printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
	$sudo chmod 755 "$policy"
fi

# shellcheck disable=SC2086 # a list of words
$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
	apt-get install -q -y --no-install-recommends $missing
