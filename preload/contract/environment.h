/*
 * environment.h - the contract between whoever sets the shim's environment and the shim, which keeps its defaults
 * for what it cannot use. docs/man/libleakwatch.7 says what the variables mean.
 */
#ifndef LEAKWATCH_CONTRACT_ENVIRONMENT_H
#define LEAKWATCH_CONTRACT_ENVIRONMENT_H

#define ENVIRONMENT_DIRECTORY_BYTES 512 /* of LEAKWATCH_DIR, its NUL included */
#define ENVIRONMENT_SECONDS_MAX	    (366u * 24 * 3600) /* of each time: a year */
#define ENVIRONMENT_KEEP_MAX	    0xffffffffu /* of LEAKWATCH_KEEP and LEAKWATCH_PROVE_EVERY */

#endif
