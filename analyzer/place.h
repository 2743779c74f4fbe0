/*
 * place.h - where in which object file an address is: what stays the same across address space
 * randomisation, restarts and hosts.
 *
 * The only file that steps back from a return address to the call before it.
 */
#ifndef LEAKWATCH_PLACE_H
#define LEAKWATCH_PLACE_H

#include "analyzer/dump.h"

struct place {
	const struct dump_module *module; /* NULL: in no known module */
	uint64_t address; /* in the process; of the call itself, not behind it */
	uint64_t offset; /* the object file's own address; without module the address */
};

/* The call before a return address of a stack of the dump. */
struct place place_of_return(const struct dump *dump, uint64_t return_address);

/* The address itself, as of a start routine. */
struct place place_of_entry(const struct dump *dump, uint64_t address);

/* The last part of the module's path; "?" without module or path. */
const char *place_module_name(const struct place *place);

/* What tells the module from others wherever it runs: its build id, or its name if it has none. */
const char *place_module_identity(const struct place *place);

#endif
