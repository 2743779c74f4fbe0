/*
 * modules.h - which loaded object holds a code address.
 *
 * Found with _dl_find_object (glibc 2.35; lock-free and async-signal-safe by its documentation), never
 * with dl_iterate_phdr, whose lock a blocked host thread may hold for ever.
 */
#ifndef LEAKWATCH_MODULES_H
#define LEAKWATCH_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a step of the unwinder needs. Valid as long as the object stays loaded. */
struct module_place {
	uintptr_t start, end; /* the mapped image */
	uintptr_t eh_frame_header; /* address of its .eh_frame_hdr, 0 if it has none */
	uintptr_t link_map; /* identity, and the way to path and bias */
};

/* Looks _dl_find_object up, once, from the shim's constructor: naming it would make the shim depend on
 * the loader's library by name. Without it (glibc before 2.35) nothing is ever found. */
void modules_init(void);

/* An address in the loader; 0 if it is not known. */
uintptr_t modules_loader(void);

/* False for an address in no loaded object (generated code, garbage), *place is then left as it was.
 * Any thread, any time after modules_init(). */
bool module_place_find(uintptr_t address, struct module_place *place);

/* The same from the watcher's own table, which modules_begin() brings up to date: for the many look-ups
 * of one dump. Watcher only. */
bool module_place_known(uintptr_t address, struct module_place *place);

#define BUILD_ID_MAX 32

/* What a dump says of a module. Watcher only. */
struct module {
	uintptr_t start, end, bias;
	uintptr_t link_map;
	unsigned char build_id[BUILD_ID_MAX];
	unsigned build_id_bytes; /* 0: it has none */
	char path[1024]; /* as the loader knows it; the executable's from /proc/self/exe */
	bool is_read; /* false: it was unloaded meanwhile; only where it was is known, and bias is start */
};

/* The modules seen by modules_note() since modules_begin(), each once, by address. What was read of a
 * module is kept from dump to dump, until it is unloaded. All of it watcher only. */
void modules_begin(
	void); /* forgets what was noted; drops what dlclose has unloaded, with its rules */
void modules_note(uintptr_t address); /* remembers the module that holds address, if any */
size_t modules_count(void);
const struct module *modules_at(size_t index); /* valid until modules_begin(); NULL past the end */

/* Calls note for each executable segment of a module: start, end, file offset, all three rounded to
 * pages as in /proc/PID/maps. */
void module_text(const struct module *module,
	void (*note)(void *context, uintptr_t start, uintptr_t end, uintptr_t offset),
	void *context);

/* In the child of a fork: forgets the table, which the parent's watcher may have been changing. */
void modules_forget(void);

#endif
