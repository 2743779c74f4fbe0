/*
 * ldpreload.h - where the shim is, and the value of LD_PRELOAD that loads it.
 */
#ifndef LEAKWATCH_LDPRELOAD_H
#define LEAKWATCH_LDPRELOAD_H

#include <limits.h>

/* Finds libleakwatch.so beside the running leakwatch, or in ../lib/leakwatch/ from it, where
 * "make install" puts it. Writes its absolute path, links resolved. Returns 0, or -1 with errno: ENOENT
 * when it is in neither place, EINVAL when its path holds a space or a colon, which LD_PRELOAD cannot
 * express. */
int ldpreload_find_shim(char path[static PATH_MAX]);

/* The same, for a leakwatch whose executable is in DIRECTORY. */
int ldpreload_find_shim_from(const char *directory, char path[static PATH_MAX]);

/* Returns the value, separated by colons: RUNTIME, the sanitizer's library that the program needs (NULL:
 * none), and every sanitizer library of EXISTING; then SHIM; then the rest of EXISTING in its order.
 * EXISTING is the present value, separated by spaces or colons, or NULL. Nothing is named twice. The
 * caller frees it. NULL: no memory.
 *
 * The ASan runtime ends a program in which it is not the first library. */
char *ldpreload_value(const char *runtime, const char *shim, const char *existing);

#endif
