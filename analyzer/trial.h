/*
 * trial.h - runs a program as a child and judges what it leaves behind: leakwatch run --fail-on=leak.
 */
#ifndef LEAKWATCH_TRIAL_H
#define LEAKWATCH_TRIAL_H

#include "analyzer/suppress.h"
#include "analyzer/thresholds.h"

#include <stdbool.h>

struct trial {
	bool likely; /* likely verdicts fail the run too, not only proven ones */
	struct suppressions *suppressions;
	struct thresholds thresholds;
};

/*
 * Runs program (a path) with the arguments and the caller's environment, to which it adds a private directory for
 * dumps, dumps at exit with a proof, and a grace time. Signals that ask the caller to end go on to the program. Then
 * judges the last dump of each process that the program was or started, and reports leaks on stderr.
 *
 * 0, and the exit code for the caller: the program's own if that is not 0 (128 and the signal's number, if one ended
 * it), else EXIT_LEAKS or EXIT_OK. -1 with a complaint if there is no directory or no child to be had.
 */
#define EXIT_LEAKS 1
int trial_run(const struct trial *trial, const char *program, char **arguments, int *code,
	struct complaint *complaint);

#endif
