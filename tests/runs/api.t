#!/bin/sh
# leakwatch.h: a program that calls its functions links and runs without the shim, however it is built; under it, it gets
# dumps, counts what is left, and names the scopes that reports show.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs jq
plan 58

include=$(cd "$(dirname "$0")/../../include" && pwd)
api=$build/tests/hosts/api

# --- building ---------------------------------------------------------------------------------------

cat >"$scratch/user.c" <<'END'
#include <leakwatch.h>
#include <stdio.h>

int main(void)
{
	leakwatch_scope_begin("user");
	leakwatch_ignore_thread();
	leakwatch_scope_end();
	printf("%d %d\n", leakwatch_dump(), leakwatch_check(0));
	return 0;
}
END
cp "$scratch/user.c" "$scratch/user.cc"

builds() { # WITH-SHIM COMPILER FLAG...
	builds_wanted=$1
	shift
	if ! command -v "$1" >/dev/null; then
		skip "$*" "$1 is not installed"
		skip "$*: under the shim" "$1 is not installed"
		return
	fi
	builds_how=$*
	run "$@" -Wall -Wextra -Wpedantic -Werror -I"$include" -o "$scratch/user"
	[ "$status" -eq 0 ] || diag "$err"
	run "$scratch/user"
	is "$builds_how" "$status $out$err" '0 -1 -1'
	run env LD_PRELOAD="$shim" "$scratch/user"
	is "$builds_how: under the shim" "$status $out$err" "0 $builds_wanted"
}

for compiler in gcc clang; do
	builds '0 0' $compiler -std=c99 -O2 "$scratch/user.c"
	builds '0 0' $compiler -O0 "$scratch/user.c"
	# A weak reference is settled by the linker here, if it does not go by the table.
	builds '0 0' $compiler -no-pie -fno-pie -O2 "$scratch/user.c"
	builds '-1 -1' $compiler -static "$scratch/user.c"
done
for compiler in g++ clang++; do
	builds '0 0' $compiler -std=c++98 "$scratch/user.cc"
	builds '0 0' $compiler -std=c++20 -O2 -no-pie -fno-pie "$scratch/user.cc"
done

# --- with and without -------------------------------------------------------------------------------

unlike_measured() { "$api" "$1" | sed 's/.* //' | sort -u | tr '\n' ' '; }
for mode in dump alone left within grace ignore many fork; do
	is "$mode, without the shim: not measured" "$(unlike_measured $mode)" '-1 '
done
is 'errno is kept, without the shim' "$("$api" errno)" 'errno 77'

under() { # MODE WANTED
	run timeout 60 "$leakwatch" run -- "$api" "$1"
	is "$1" "$status $(printf %s "$out" | tr '\n' ';')$err" "0 $2"
}
under alone 'nothing 0;timer 1'
under within 'within none 1;outer 1;inner 1'
under grace 'at once 1;in a while 0'
under fork 'child 0;child 1;parent 1'
under errno 'errno 77'
under storm 'process 8'
under many 'process 1'
run env LEAKWATCH_OFF=1 "$leakwatch" run -- "$api" left
is 'without a watcher it is not measured' "$(printf %s "$out" | tr '\n' ';')" 'first -1;second -1;process -1'

# --- in dumps and reports ---------------------------------------------------------------------------

newest() { # COMM: the report of the newest dump
	rm -rf "${LEAKWATCH_DIR:?}"/*
	under "$1" "$2"
	"$leakwatch" report --json >"$scratch/report.json"
}

newest dump 'dump 0'
is 'a dump is taken on request' "$(json .dump.reason)" request
is 'the one who asks is running' "$(json '[.groups[] | select(.wait == "running")] | length')" 1

newest left 'first 3;second 0;process 4'
is 'a check that fails takes a dump' "$(json .dump.reason)" check
is 'threads have their scope' "$(json '[.groups[].threads[].scope] | sort | map(. // "-") | join(" ")')" '- - first'
is 'finished threads too' "$(json '.unjoined[].threads[].scope')" first
is 'and timers' "$(json '.timers[].timers[].scope')" first
newest many 'process 1'
is 'scopes that find no room are counted' "$(json .losses.scopes)" 100
is 'what is made in a scope is within it' "$(json '[.groups[].threads[].scope // empty] | join(" ")')" 0

run "$leakwatch" run --fail-on=leak -- "$api" ignore
is 'run passes an ignored thread over' "$status$out$err" '0ignored 0'
run "$leakwatch" run --fail-on=leak -- "$build/demos/leakcheck"
like 'the report names the scope' "$err" '^#   in scope session$'
is 'and only that' "$(printf '%s\n' "$err" | grep -c ': alive at exit')" 1
is 'the test that leaks is blamed' "$status $(printf %s "$out" | tr '\n' ';')" \
	'1 queue: ok;session: 1 left behind;cache: ok;clock: ok'
run "$leakwatch" run --fail-on=leak -- "$build/demos/leakcheck" -fix
is 'fixed, none is' "$status $(printf %s "$out" | tr '\n' ';')$err" \
	'0 queue: ok;session: ok;cache: ok;clock: ok'
echo 'scope:^first' >"$scratch/rules"
run "$leakwatch" run --fail-on=leak --suppressions="$scratch/rules" -- "$api" left
is 'a rule can name a scope' "$(printf '%s\n' "$err" | grep -c ': alive at exit')" 1
