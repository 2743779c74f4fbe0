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

/* False for an address in no loaded object (generated code, garbage). Any thread, any time. */
bool module_place_find(uintptr_t address, struct module_place *place);

#define BUILD_ID_MAX 32

/* What a dump says of a module. Watcher only. */
struct module {
	uintptr_t start, end, bias;
	uintptr_t link_map;
	unsigned char build_id[BUILD_ID_MAX];
	unsigned build_id_bytes; /* 0: it has none */
	char path[1024]; /* as the loader knows it; the executable's from /proc/self/exe */
};

/* The modules seen by modules_note() since modules_begin(), each once, by address. */
void modules_begin(void); /* forgets; also drops what dlclose has unloaded */
void modules_note(uintptr_t address); /* remembers the module that holds address, if any */
size_t modules_count(void);
const struct module *modules_at(size_t index); /* valid until modules_begin() */

/* Calls note for each executable segment of a module: start, end, file offset. */
void module_text(const struct module *module,
	void (*note)(void *context, uintptr_t start, uintptr_t end, uintptr_t offset),
	void *context);

#endif
