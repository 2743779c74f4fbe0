#!/bin/sh
# leakwatch run: the program is as it would be without it, except that the shim is in it; and what
# cannot be watched is refused in one line that says why.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
plan 36

shim=$(realpath "$shim")
hosts=$build/tests/hosts

# --- passing through --------------------------------------------------------------------------------

run "$leakwatch" run -- sh -c 'echo out; echo err >&2; exit 7'
is 'the exit code is the program'\''s' "$status" 7
is 'so is stdout' "$out" out
is 'so is stderr, and nothing is added' "$err" err

run "$leakwatch" run printf '%s|' -x --interval=1 'a b'
is 'arguments after the command are its own' "$out" '-x|--interval=1|a b|'

start "$leakwatch" run -- sleep 100
runs_sleep() { [ "$(cat "/proc/$pid/comm")" = sleep ]; }
ok 'the process id is the program'\''s' wait_for 10 runs_sleep
ok 'the shim is loaded' grep -q "$shim" "/proc/$pid/maps"
kill -TERM "$pid"
wait "$pid" 2>/dev/null
is 'a signal ends it as it would end the program' $? 143

# --- the environment --------------------------------------------------------------------------------

run "$leakwatch" run env
like 'LD_PRELOAD is the absolute path' "$out" "^LD_PRELOAD=$shim\$"
unlike 'no option sets no LEAKWATCH_AT_EXIT' "$out" '^LEAKWATCH_(AT_EXIT|KEEP|INTERVAL|PROVE_EVERY|PROVE_EXIT)='

run env LD_PRELOAD='libm.so.6 libdl.so.2' "$leakwatch" run env
like 'other preloads are kept' "$out" "^LD_PRELOAD=$shim:libm.so.6:libdl.so.2\$"

cd "$scratch" || exit 1
run "$leakwatch" run --interval=0.5 --keep=3 --prove-every=5 --at-exit --dir=new env
like '--interval' "$out" '^LEAKWATCH_INTERVAL=0.5$'
like '--keep' "$out" '^LEAKWATCH_KEEP=3$'
like '--prove-every' "$out" '^LEAKWATCH_PROVE_EVERY=5$'
like '--at-exit' "$out" '^LEAKWATCH_AT_EXIT=1$'
like '--dir is made absolute' "$out" "^LEAKWATCH_DIR=$(realpath "$scratch")/new\$"
is '--dir is made for the user alone' "$(stat -c %a new)" 700

# --- where the shim is ------------------------------------------------------------------------------

mkdir -p "$scratch/usr/bin" "$scratch/usr/lib/leakwatch" "$scratch/with space"
cp "$leakwatch" "$scratch/usr/bin"
run "$scratch/usr/bin/leakwatch" run true
like 'without a shim it says so' "$status $err" '^2 leakwatch: run: libleakwatch.so is neither'
cp "$shim" "$scratch/usr/lib/leakwatch"
run "$scratch/usr/bin/leakwatch" run env
like 'an installed shim is found' "$out" \
	"^LD_PRELOAD=$(realpath "$scratch")/usr/lib/leakwatch/libleakwatch.so\$"
cp "$leakwatch" "$shim" "$scratch/with space"
run "$scratch/with space/leakwatch" run true
like 'a path that LD_PRELOAD cannot hold is refused' "$status $err" '^2 .*holds a space or a colon'

# --- what cannot be watched -------------------------------------------------------------------------

refused() { # NAME REGEX COMMAND...
	refused_name=$1 refused_regex=$2
	shift 2
	run "$leakwatch" run "$@"
	like "$refused_name" "$status $(echo "$err" | wc -l) $err" "^2 1 leakwatch.*$refused_regex"
}

printf 'plain text\n' >text
printf '#!%s\n' "$hosts/static" >onstatic
cp /bin/true noexec
chmod 755 text onstatic
chmod 644 noexec
refused 'not found' 'cannot watch no-such-program: not found' no-such-program
refused 'a directory' 'directory' "$scratch"
refused 'not executable' 'may not be executed' ./noexec
refused 'neither program nor script' 'neither a program nor a script' ./text
refused 'a static program' 'statically linked' "$hosts/static"
refused 'a script of a static interpreter' "watch $hosts/static: it is static" ./onstatic
if [ "$(id -u)" -eq 0 ]; then
	cp /bin/true other
	chown 65534 other
	chmod 4755 other
	refused 'a setuid program' 'setuid' ./other
else
	skip 'a setuid program' 'needs root to make one'
fi
refused 'no command' 'no command' --
refused 'an unknown option' "unrecognized option '--colour'" --colour true
refused 'a wrong interval' 'interval=1m: not a number' --interval=1m true
refused 'a wrong number of dumps' 'keep=-1: not a number' --keep=-1 true
refused 'a wrong number of proofs' 'prove-every=often: not a number' --prove-every=often true
refused 'a directory that is a file' 'dir=text: not a directory' --dir=text true
refused 'a directory in no directory' 'dir=no/where: No such file' --dir=no/where true

run "$leakwatch" run --help
like '--help' "$status $out" '^0 Usage: leakwatch run'

# --- sanitizers -------------------------------------------------------------------------------------

run "$leakwatch" run "$hosts/asan"
is 'a program with the ASan runtime runs' "$status $out$err" '0 sanitized'
run env LD_PRELOAD=libm.so.6 "$leakwatch" run "$hosts/asan"
is 'with other preloads too' "$status $out$err" '0 sanitized'
