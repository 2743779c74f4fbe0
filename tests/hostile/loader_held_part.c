/*
 * loader_held_part.c - the library of loader_held.c. build: -shared -fPIC
 */
#include "tests/hostile/hostile.h"

void constructor_wait(sem_t *go);

static sem_t go;

__attribute__((constructor)) static void slow_constructor(void)
{
	sem_init(&go, 0, 0);
	constructor_wait(&go);
	while (sem_wait(&go) < 0)
		;
}
