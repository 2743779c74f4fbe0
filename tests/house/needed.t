#!/bin/sh
# The shim needs libc and nothing else; and of libc nothing that allocates from the host, takes its locks,
# prints, ends it, or changes what its signals do.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
plan 9

is 'DT_NEEDED is libc' \
	"$(readelf -d "$shim" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')" libc.so.6
ok 'it stays when it is closed' sh -c "readelf -d '$shim' | grep -q NODELETE"
is 'its thread-local storage is a pointer' \
	"$(readelf -W -l "$shim" | awk '$1 == "TLS" { print $6 }')" 0x000008
is 'its stack is not executable' \
	"$(readelf -W -l "$shim" | awk '$1 == "GNU_STACK" { print $7 }')" RW

# Every function that the shim takes from elsewhere, and why it may. A line: names : reason.
cat >"$scratch/allowed" <<'END'
__cxa_finalize __gmon_start__ _ITM_deregisterTMCloneTable _ITM_registerTMCloneTable : crt code, weak
__cxa_atexit __register_atfork : init.c, once, in the constructor
__errno_location : real.c, for a function that libc does not have
dlsym dlvsym : look-ups in the constructor, and for calls before it
dlopen : unwind.c, on an errand of the watcher
getauxval getenv getrlimit gnu_get_libc_version : facts, without a lock; getenv in the constructor only
bcmp memchr memcmp memcpy memmem memmove memset : no state; clang calls the first for the second
strchr strcmp strcpy strlen strncmp strncpy strrchr strstr : no state
pthread_self : reads a register
pthread_key_create pthread_setspecific : how the end of a thread is seen; no allocation below 32 keys
pthread_attr_init pthread_attr_destroy pthread_attr_setdetachstate pthread_attr_setstacksize : for threads of ours
pthread_attr_getdetachstate pthread_attr_getstacksize pthread_getattr_default_np : what a creation asks for
END
cut -d: -f1 "$scratch/allowed" | tr ' ' '\n' | sed '/^$/d' | sort -u >"$scratch/allowed-names"
readelf -W --dyn-syms "$shim" |
	awk '$7 == "UND" && $8 { sub(/@.*/, "", $8); print $8 }' | sort -u >"$scratch/taken"
is 'it takes nothing from elsewhere that is not allowed' \
	"$(comm -13 "$scratch/allowed-names" "$scratch/taken")" ''

# Which object files take which of these. A line: name, then the files that may.
cat >"$scratch/places" <<'END'
getenv config
dlopen unwind
dlsym modules newborn real threads unwind
dlvsym outlive real
pthread_attr_setdetachstate watcher
__errno_location real watcher
END
for object in "$build"/preload/*.o; do
	nm -u "$object" | awk -v file="$(basename "$object" .o)" '{ print $2, file }'
done >"$scratch/undefined"
is 'the environment and the loader are asked in their own files only' \
	"$(awk 'NR == FNR { for (i = 2; i <= NF; i++) may[$1, $i] = 1; listed[$1] = 1; next }
		listed[$1] && !(($1, $2) in may)' "$scratch/places" "$scratch/undefined")" ''
is 'and each file that may does' \
	"$(awk 'NR == FNR { does[$1, $2] = 1; next }
		{ for (i = 2; i <= NF; i++) if (!(($1, $i) in does)) print $1, $i }' \
		"$scratch/undefined" "$scratch/places")" ''

# A reference to an interposed function would lead back into the interposer; real.h is the way to it.
calls=$(dirname "$0")/../../preload/calls.def
sed -n 's/^CALL[A-Z_]*(\([A-Za-z0-9_]*\),.*/\1/p' "$calls" | sort -u >"$scratch/names"
is 'nothing but an interposer refers to an interposed function' \
	"$(awk 'NR == FNR { call[$1] = 1; next } call[$1] && $2 !~ /^shim_/' \
		"$scratch/names" "$scratch/undefined")" ''

# What no part of it may use, also if it were defined here.
is 'no allocation, no stdio, no end, no handlers, no locks' \
	"$(grep -E '^(malloc|calloc|realloc|free|posix_memalign|aligned_alloc|.*printf.*|f?puts|fopen|fwrite|qsort|dl_iterate_phdr|_Unwind_.*|__gcc_personality_v0|pthread_mutex_(lock|unlock)|pthread_cond_.*|sigaction|signal|raise|abort|exit|_exit|__assert_fail|__stack_chk_fail|__tls_get_addr|setenv|localtime.*|strerror.*) ' \
		"$scratch/undefined")" ''
