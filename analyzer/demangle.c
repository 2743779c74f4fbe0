/*
 * demangle.c - over the C++ run time's own demangler, which has no header for C.
 */
#include "analyzer/demangle.h"

#include <stdlib.h>
#include <string.h>

/* Itanium C++ ABI, 3.4. The result is malloc'ed; NULL if the name is not a mangled one. */
extern char *__cxa_demangle(const char *name, char *buffer, size_t *bytes, int *status);

const char *demangle(struct pool *pool, const char *name)
{
	if (strncmp(name, "_Z", 2)) {
		/* A symbol version is no part of the name. */
		char *bare = pool_text(pool, name);
		bare[strcspn(bare, "@")] = '\0';
		return bare;
	}
	int status;
	char *plain = __cxa_demangle(name, NULL, NULL, &status);
	const char *copy = pool_text(pool, plain ? plain : name);
	free(plain);
	return copy;
}
