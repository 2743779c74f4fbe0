#!/bin/sh
# Who may include what, and where the few dangerous things live.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$(dirname "$0")/../.." || exit 1
plan 15

# FILE HEADER of each include, comments aside; a header in <> keeps them.
includes() {
	grep -HoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"][^>"]*[>"]' "$@" /dev/null |
		sed -e 's/:[[:space:]]*#[[:space:]]*include[[:space:]]*/ /' -e 's/"//g'
}
# shellcheck disable=SC2046 # names without spaces
includes include/*.h preload/*.[ch] preload/contract/* analyzer/*.[ch] demos/*.[ch] \
	$(ls tests/unit/*.c tests/hosts/*.c tests/hostile/*.[ch] tests/hostile/*.cc tests/hosts/*.cc 2>/dev/null) \
	>"$scratch/includes"
ok 'there are includes to judge' test "$(grep -c . "$scratch/includes")" -gt 300

# --- between the folders ------------------------------------------------------------------------------

is 'analyzer/ includes of preload/ the contract only' \
	"$(grep '^analyzer/.* preload/' "$scratch/includes" | grep -v ' preload/contract/')" ''
is 'preload/ includes nothing of the other folders' \
	"$(grep -E '^preload/.* (analyzer|demos|tests)/' "$scratch/includes")" ''
is 'the contract includes itself only' \
	"$(grep '^preload/contract/' "$scratch/includes" | grep -vE ' [a-z]+\.def$')" ''
is 'demos/ includes nothing of the other folders' \
	"$(grep -E '^demos/.* (preload|analyzer|tests)/' "$scratch/includes")" ''
is 'hosts are programs of their own' \
	"$(grep -E '^tests/host(s|ile)/.* (preload|analyzer)/' "$scratch/includes")" ''
is 'names are relative to the root' \
	"$(grep -v '[<>]' "$scratch/includes" |
		grep -vE ' (preload|analyzer|demos|tests|include)/|^preload/contract/|^tests/hostile/')" ''

# --- headers of others --------------------------------------------------------------------------------

# Each is one file's business in each folder; where more than one may include it, why.
cat >"$scratch/third" <<'END'
preload/unwind.c <libunwind.h>
preload/stacks.c <uthash.h>		# a table: its configuration is a part of the header
preload/strangers.c <uthash.h>		# likewise, with another out-of-memory policy
analyzer/table.c <uthash.h>
analyzer/symbols_dwfl.c <elfutils/libdwfl.h>
analyzer/symbols_dwfl.c <dwarf.h>
analyzer/target.c <libelf.h>
analyzer/target.c <gelf.h>
demos/leakserver.c <microhttpd.h>
END
sed 's/[[:space:]]*#.*//' "$scratch/third" | sort >"$scratch/third-allowed"
cut -d' ' -f2 "$scratch/third-allowed" | sort -u >"$scratch/third-headers"
grep -vE '^tests/' "$scratch/includes" | grep -Ff "$scratch/third-headers" | sort >"$scratch/third-found"
ok 'a header of others is included where it belongs' \
	diff "$scratch/third-allowed" "$scratch/third-found"
is 'cmocka is for units' \
	"$(grep '<cmocka.h>' "$scratch/includes" | grep -v '^tests/unit/')" ''

# Whatever is neither of libc, nor of the kernel, nor of the compiler, nor above is new: add it there.
tr ' ' '\n' >"$scratch/standard" <<'END'
alloca assert ctype dirent dlfcn elf err errno execinfo fcntl ftw getopt glob inttypes limits link locale math
malloc mqueue netdb poll pthread pwd resolv sched search semaphore setjmp signal spawn stdalign stdarg stdatomic
stdbool stddef stdint stdio stdlib string strings termios threads time ucontext unistd unwind wait wchar
END
is 'every other header is of libc, the kernel or the compiler' \
	"$(grep -E '^(preload|analyzer|demos)/' "$scratch/includes" | grep '<' |
		grep -Fvf "$scratch/third-headers" |
		grep -vE ' <(sys|linux|netinet|arpa|gnu)/' |
		awk -v standard="$scratch/standard" '
			BEGIN { while ((getline name < standard) > 0) known["<" name ".h>"] = 1 }
			!known[$2]')" ''
is 'the shim has no use for stdio, and stdlib only at its start' \
	"$(grep -E '^preload/.* <(stdio|malloc|err|locale|syslog|wchar|search|spawn|stdlib)\.h>' "$scratch/includes" |
		grep -vE '^preload/(config|init)\.c <stdlib.h>')" ''

# --- what lives in one place --------------------------------------------------------------------------

is 'system calls by hand are in sys.h' \
	"$(grep -nE 'asm.*"(.*[^a-z_])?(syscall|sysenter)' preload/*.[ch] | grep -v '^preload/sys\.h:')" ''
is 'assembly is in the few files that need it' \
	"$(grep -lE '\<(__asm__|asm)\>' preload/*.[ch] analyzer/*.[ch] demos/*.[ch] |
		grep -vxE 'preload/(registers|slot|sys)\.h|preload/(deputy|errand|shim_sync|shim_timers)\.c')" ''

# A declaration or a body has parentheses; an enumeration and a number have none.
is 'the contract holds no functions' \
	"$(cat preload/contract/*.h | ${CC:-cc} -E -P -x c -I. -Ipreload/contract - | grep '(')" ''

# A command ends the process; the rest returns. say.c says "die", memory.c has no memory to say more with,
# trial.c ends the child that it forked.
is 'only commands end the process' \
	"$(grep -nE '\<(_?exit|_Exit|quick_exit|abort|assert|err|errx)[[:space:]]*\(' analyzer/*.c |
		grep -vE '^analyzer/(cmd_[a-z]*|main|say|memory|trial)\.c:|: ?(/\*| \*)')" ''
