/*
 * heap_profile.c - allocators.c, with a profiler of the heap that has every allocation followed by libunwind, in the
 * threads that allocate, and brings that library into the program.
 *
 * variant: libtcmalloc.so.4 SHIM
 * variant: SHIM libtcmalloc.so.4
 * env: HEAPPROFILE=heap
 * env: HEAP_PROFILE_ALLOCATION_INTERVAL=10000000
 * env: PERFTOOLS_VERBOSE=-10
 * expect: [.groups[] | select(any(.stack[]; .function == "park"))] | length == 1 and .[0].count == 3
 */
#include "tests/hostile/allocators.c"
