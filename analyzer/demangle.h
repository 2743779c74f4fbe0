/*
 * demangle.h - "std::thread::join()" for "_ZNSt6thread4joinEv".
 */
#ifndef LEAKWATCH_DEMANGLE_H
#define LEAKWATCH_DEMANGLE_H

#include "analyzer/memory.h"

/* A C++ name as it was written; any other name as it is. A copy in pool. */
const char *demangle(struct pool *pool, const char *name);

#endif
