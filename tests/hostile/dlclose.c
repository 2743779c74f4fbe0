/*
 * dlclose.c - a library is opened, waits in it, creates threads from it, and is closed, over and over,
 * while others wait and dumps are taken; then another one is opened at its place.
 */
#include "tests/hostile/hostile.h"

#include <dlfcn.h>
#include <stdatomic.h>

#define ROUNDS 400

static atomic_int called;

static void *use(void *path)
{
	for (int i = 0; i < ROUNDS; i++) {
		void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		MUST(library);
		void *symbol = dlsym(library, "part_wait");
		int (*part_wait)(int);
		memcpy(&part_wait, &symbol, sizeof part_wait);
		called += part_wait(i);
		MUST(dlclose(library) == 0);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	char *first = strdup(beside("dlclose_part")),
	     *second = strdup(beside("dlclose_other_part"));
	MUST(pthread_create(&threads[0], NULL, use, first) == 0);
	MUST(pthread_create(&threads[1], NULL, use, second) == 0);
	for (int i = 0; i < 20; i++)
		dump_here();
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	printf("called %d\n", called);
	free(first), free(second);
	return 0;
}
