/*
 * whose.c - prints which file defines each symbol named on its command line, as a program that is linked
 * with it would find it: "NAME PATH" a line. NAME may be NAME@VERSION.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static void *find(char *name)
{
	char *version = strchr(name, '@');
	if (!version)
		return dlsym(RTLD_DEFAULT, name);
	*version = '\0';
	void *found = dlvsym(RTLD_DEFAULT, name, version + 1);
	*version = '@';
	return found;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		Dl_info info;
		void *address = find(argv[i]);
		printf("%s %s\n", argv[i],
			address && dladdr(address, &info) ? info.dli_fname : "nowhere");
	}
	return argc < 2;
}
