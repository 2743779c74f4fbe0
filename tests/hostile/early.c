/*
 * early.c - another preload's constructor starts threads and waits before the shim's constructor runs.
 * What the environment says holds all the same.
 *
 * variant: SHIM early_part
 * variant: early_part SHIM
 * expect: [.groups[] | select(any(.stack[]; .function == "early_park"))] | length == 1 and .[0].count == 2
 * expect: (.losses.thread_unreadable // 0) == 0
 */
#include "tests/hostile/hostile.h"

#include <dirent.h>
#include <dlfcn.h>

/* Of another user's or another day's, too: only this process's count. */
static int files_of_mine(const char *directory)
{
	char pid[32];
	int count = 0;
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	DIR *list = opendir(directory);
	for (struct dirent *entry; list && (entry = readdir(list));)
		count += strstr(entry->d_name, pid) != NULL;
	if (list)
		closedir(list);
	return count;
}

int main(void)
{
	int (*count)(void) = NULL;
	void *symbol = dlsym(RTLD_DEFAULT, "early_count");
	MUST(symbol);
	memcpy(&count, &symbol, sizeof count);
	printf("threads: %d\n", count());
	dump_here();
	printf("in the default directory: %d\n", files_of_mine("/tmp/leakwatch-0"));
	return 0;
}
