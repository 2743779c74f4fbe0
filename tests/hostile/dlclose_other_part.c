/*
 * dlclose_other_part.c - the other library of dlclose.c, of other code at the same places.
 * build: -shared -fPIC -O0 -fno-omit-frame-pointer
 */
#include "tests/hostile/dlclose_part.c"
