/*
 * commands.h - the sub-commands of leakwatch, one cmd_NAME.c each.
 *
 * A command gets its own arguments (argv[0] is its name), may print and may exit; it returns the exit
 * code. Nothing else in analyzer/ exits.
 */
#ifndef LEAKWATCH_COMMANDS_H
#define LEAKWATCH_COMMANDS_H

/* Exit codes of every command. run passes its program's own code through instead. */
enum {
	EXIT_OK = 0,
	EXIT_NOTHING = 1, /* nothing to show: no process, no dump */
	EXIT_UNUSABLE = 2, /* unusable arguments or input; one line on stderr says which and why */
};

int cmd_report(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_dump(int argc, char **argv);

#endif
