# bench.sh - sourced by the benchmarks: where the build is, medians, a temporary directory.
# shellcheck shell=sh

build=${LEAKWATCH_BUILD:-build}
# shellcheck disable=SC2034 # used by the benchmarks
shim=$build/libleakwatch.so
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export LEAKWATCH_DIR="$dir/dumps"

# median: of the numbers on its input, one a line.
median() {
	sort -n | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "-" }'
}

# $preloaded COMMAND...: with the shim, without dumps by interval. A word list, so that $! is the command.
# shellcheck disable=SC2034
preloaded="env LEAKWATCH_INTERVAL=0 LD_PRELOAD=$shim"

machine() {
	printf '%s, %s cores, Linux %s, glibc %s\n' \
		"$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(uname -r)" \
		"$(getconf GNU_LIBC_VERSION | cut -d' ' -f2)"
}
