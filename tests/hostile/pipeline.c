/*
 * pipeline.c - a program that runs shell pipelines, scripts of other interpreters, and programs without a
 * loader: all of them inherit the preload.
 */
#include "tests/hostile/hostile.h"

static void *sleep_on(void *unused)
{
	pause();
	return unused;
}

static void shell(const char *command)
{
	fflush(stdout);
	int status = system(command);
	printf("exit %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}

int main(void)
{
	pthread_t thread;
	char command[5000];
	MUST(pthread_create(&thread, NULL, sleep_on, NULL) == 0);
	shell("seq 1 1000 | sort -rn | head -n 3 | tr '\\n' ' '; echo; exit 3");
	shell("yes | head -c 1000000 | wc -c");
	shell("set -e; x=$(printf 'a b c' | cut -d' ' -f2); echo \"$x\"; (exit 4)");
	shell("find /etc -maxdepth 1 -name passwd | xargs -r -n 1 basename");
	shell("for i in 1 2 3 4 5; do (sleep 0.01; echo $i) & done | sort; wait");
	shell("perl -e 'print join(\",\", map { $_ * 2 } 1..5), \"\\n\"'");
	shell("kill -9 $$");
	snprintf(command, sizeof command, "%s; echo static $?", beside("static_part"));
	shell(command);
	return 0;
}
