/*
 * allocator_linked.c - allocators.c, linked with an allocator.
 * build: -l:libjemalloc.so.2
 *
 * expect: [.groups[] | select(any(.stack[]; .function == "park"))] | length == 1 and .[0].count == 3
 */
#include "tests/hostile/allocators.c"
