/*
 * stragglers.h - processes that outlive the program that started them, and are watched in the same directory.
 */
#ifndef LEAKWATCH_STRAGGLERS_H
#define LEAKWATCH_STRAGGLERS_H

#include "analyzer/directory.h"

#include <stddef.h>

/* Waits until no process is left that was started with the directory or answers on a socket in it, for limit_ms at most: each
 * has stored its last dump by then, or never will. Those that still answer are told of, as not judged. How many. */
size_t stragglers_await(const struct directory *directory, int limit_ms);

#endif
