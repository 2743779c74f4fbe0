/*
 * hidden0.c - the same without optimisation.
 *
 * build: -O0 -ldl -lrt
 */
#include "tests/hosts/hidden.c"
