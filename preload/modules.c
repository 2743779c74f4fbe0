/*
 * modules.c - loaded objects: found by address, described for the dump.
 *
 * The watcher keeps a table of the objects that it has met, sorted by address; what a dump says of one
 * is read once, at its first note. modules_begin() asks the loader for each again, and drops those
 * that were unloaded or replaced, with the rules kept for them.
 *
 * Guarantee: the memory of an object, and of the loader, is read through the kernel only. An object that
 * is unloaded at that moment gives a module without path or build id, never a fault and never another's.
 */
#include "preload/modules.h"
#include "preload/arena.h"
#include "preload/peek.h"
#include "preload/rules.h"
#include "preload/sys.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>

#define SEGMENTS_MAX 64
#define NOTES_BYTES  1024
#define PAGE	     ((uintptr_t)4096)

typedef int find_object(void *address, struct dl_find_object *found);

/* Written once, before any other thread exists. */
static _Atomic(find_object *) find;

void modules_init(void)
{
	find_object *function = NULL;
	void *symbol = dlsym(RTLD_DEFAULT, "_dl_find_object");
	memcpy(&function, &symbol, sizeof(function));
	atomic_store_explicit(&find, function, memory_order_relaxed);
}

uintptr_t modules_loader(void)
{
	return (uintptr_t)atomic_load_explicit(&find, memory_order_relaxed);
}

bool module_place_find(uintptr_t address, struct module_place *place)
{
	find_object *function = atomic_load_explicit(&find, memory_order_relaxed);
	struct dl_find_object found;
	if (!function || function((void *)address, &found) != 0)
		return false;
	*place = (struct module_place){.start = (uintptr_t)found.dlfo_map_start,
		.end = (uintptr_t)found.dlfo_map_end,
		.eh_frame_header = (uintptr_t)found.dlfo_eh_frame,
		.link_map = (uintptr_t)found.dlfo_link_map};
	return true;
}

/* --- the watcher's table -------------------------------------------------------------------------- */

struct known {
	struct module_place place;
	struct module *module; /* NULL until it is noted for the first time */
	bool noted; /* since modules_begin() */
};

struct table {
	struct known *known; /* by address; count of room */
	size_t count, room;
	size_t last; /* index of the last hit */
};

static uintptr_t hidden_table; /* bitwise complement of a struct table *, 0 before the first use */

static struct table *table_open(void)
{
	if (!hidden_table) {
		struct table *table = arena_alloc(sizeof(*table));
		if (!table)
			return NULL;
		memset(table, 0, sizeof(*table));
		hidden_table = ~(uintptr_t)table;
	}
	return (struct table *)~hidden_table;
}

static bool table_grow(struct table *table)
{
	size_t room = table->room ? 2 * table->room : 64;
	struct known *known = arena_alloc(room * sizeof(*known));
	if (!known)
		return false;
	if (table->count)
		memcpy(known, table->known, table->count * sizeof(*known));
	arena_free(table->known, table->room * sizeof(*known));
	table->known = known;
	table->room = room;
	return true;
}

static bool place_holds(const struct module_place *place, uintptr_t address)
{
	return address - place->start < place->end - place->start;
}

/* The index of the first object that ends above the address. */
static size_t table_index(const struct table *table, uintptr_t address)
{
	size_t low = 0, high = table->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (table->known[middle].place.end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static struct known *table_insert(struct table *table, const struct module_place *place)
{
	size_t index = table_index(table, place->start);
	/* An object where one of the table's is: that was unloaded since modules_begin(). */
	if (index < table->count && table->known[index].place.start < place->end)
		return NULL;
	if (table->count == table->room && !table_grow(table))
		return NULL;
	struct known *known = &table->known[index];
	memmove(known + 1, known, (table->count - index) * sizeof(*known));
	*known = (struct known){.place = *place};
	table->count++;
	table->last = index;
	return known;
}

static struct known *table_find(struct table *table, uintptr_t address)
{
	struct module_place place;
	if (table->last < table->count && place_holds(&table->known[table->last].place, address))
		return &table->known[table->last];
	size_t index = table_index(table, address);
	if (index < table->count && place_holds(&table->known[index].place, address)) {
		table->last = index;
		return &table->known[index];
	}
	return module_place_find(address, &place) ? table_insert(table, &place) : NULL;
}

bool module_place_known(uintptr_t address, struct module_place *place)
{
	struct table *table = table_open();
	const struct known *known = table ? table_find(table, address) : NULL;
	if (!known)
		return false;
	*place = known->place;
	return true;
}

/* --- what a dump says ----------------------------------------------------------------------------- */

static bool peek_whole(uintptr_t address, void *to, size_t bytes)
{
	return peek(to, address, bytes) == (long)bytes;
}

/* Copies a string of unknown length, up to the end of each page in turn: the next may be missing. */
static void peek_string(uintptr_t address, char *to, size_t room)
{
	size_t have = 0;
	while (have < room - 1) {
		size_t bytes = PAGE - ((address + have) & (PAGE - 1));
		if (bytes > room - 1 - have)
			bytes = room - 1 - have;
		if (!peek_whole(address + have, to + have, bytes))
			break;
		if (memchr(to + have, 0, bytes))
			return;
		have += bytes;
	}
	to[have] = 0;
}

/* By way of the calling thread: the main thread may have ended, and then has no exe. */
static void module_executable_path(char *path, size_t room)
{
	long bytes = sys_call4(SYS_readlinkat, AT_FDCWD, (long)"/proc/thread-self/exe", (long)path,
		(long)room - 1);
	path[bytes > 0 ? bytes : 0] = 0;
}

/* The loader knows the executable, and on some versions the vdso, by an empty name. */
static void module_path(struct module *module, const struct link_map *map)
{
	if (map->l_name)
		peek_string((uintptr_t)map->l_name, module->path, sizeof(module->path));
	if (module->path[0])
		return;
	if (module->start == getauxval(AT_SYSINFO_EHDR))
		strcpy(module->path, "[vdso]");
	else
		module_executable_path(module->path, sizeof(module->path));
}

/* The program headers of an object in memory; how many, at most SEGMENTS_MAX. */
static unsigned segments_read(const struct module *module, Elf64_Phdr *segments)
{
	Elf64_Ehdr file;
	if (!peek_whole(module->start, &file, sizeof(file)) ||
		memcmp(file.e_ident, ELFMAG, SELFMAG) != 0 || file.e_phentsize != sizeof(*segments))
		return 0;
	unsigned count = file.e_phnum < SEGMENTS_MAX ? file.e_phnum : SEGMENTS_MAX;
	return peek_whole(module->start + file.e_phoff, segments, count * sizeof(*segments)) ? count
											     : 0;
}

static size_t note_align(size_t bytes)
{
	return (bytes + 3) & ~(size_t)3;
}

/* Looks for the build id in notes that were read. */
static bool build_id_find(const unsigned char *notes, size_t bytes, struct module *module)
{
	Elf64_Nhdr note;
	for (size_t at = 0; at + sizeof(note) <= bytes;) {
		memcpy(&note, notes + at, sizeof(note));
		size_t name = at + sizeof(note), body = name + note_align(note.n_namesz);
		if (note.n_namesz > bytes || note.n_descsz > bytes || body + note.n_descsz > bytes)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
			memcmp(notes + name, "GNU", 4) == 0 && note.n_descsz <= BUILD_ID_MAX) {
			memcpy(module->build_id, notes + body, note.n_descsz);
			module->build_id_bytes = note.n_descsz;
			return true;
		}
		at = body + note_align(note.n_descsz);
	}
	return false;
}

static void module_build_id(struct module *module)
{
	Elf64_Phdr segments[SEGMENTS_MAX];
	unsigned char notes[NOTES_BYTES];
	unsigned count = segments_read(module, segments);
	for (unsigned i = 0; i < count; i++) {
		size_t bytes =
			segments[i].p_memsz < sizeof(notes) ? segments[i].p_memsz : sizeof(notes);
		if (segments[i].p_type == PT_NOTE &&
			peek_whole(module->bias + segments[i].p_vaddr, notes, bytes) &&
			build_id_find(notes, bytes, module))
			return;
	}
}

/* False if there was nothing to be read, or nonsense: where the object was, something else is now. */
static bool module_read_once(struct module *module, const struct module_place *place)
{
	struct link_map map;
	memset(module, 0, sizeof(*module));
	module->start = place->start;
	module->end = place->end;
	module->link_map = place->link_map;
	module->bias = place->start;
	if (!peek_whole(place->link_map, &map, sizeof(map)) || map.l_addr > place->start)
		return false;
	module->bias = map.l_addr;
	module_path(module, &map);
	module_build_id(module);
	module->is_read = true;
	return true;
}

static bool place_equal(const struct module_place *a, const struct module_place *b)
{
	return a->start == b->start && a->end == b->end && a->link_map == b->link_map &&
	       a->eh_frame_header == b->eh_frame_header;
}

static bool place_stays(const struct module_place *place)
{
	struct module_place now;
	return module_place_find(place->start, &now) && place_equal(&now, place);
}

/* An object may be unloaded at any moment, and its memory and the loader's be another's: what two readings say alike of one
 * that is still there afterwards is true. */
static bool module_read_twice(
	struct module *module, struct module *again, const struct module_place *place)
{
	return module_read_once(module, place) && module_read_once(again, place) &&
	       memcmp(module, again, sizeof(*module)) == 0 && place_stays(place);
}

static struct module *module_read(const struct module_place *place)
{
	struct module *module = arena_alloc(sizeof(*module)), *again = arena_alloc(sizeof(*again));
	if (!module || !again) {
		arena_free(module, sizeof(*module));
		arena_free(again, sizeof(*again));
		return NULL;
	}
	if (!module_read_twice(module, again, place)) {
		module->is_read = false;
		module->bias = place->start;
		module->path[0] = 0;
		module->build_id_bytes = 0;
	}
	arena_free(again, sizeof(*again));
	return module;
}

void module_text(const struct module *module,
	void (*note)(void *context, uintptr_t start, uintptr_t end, uintptr_t offset),
	void *context)
{
	Elf64_Phdr segments[SEGMENTS_MAX];
	unsigned count = segments_read(module, segments);
	for (unsigned i = 0; i < count; i++) {
		const Elf64_Phdr *segment = &segments[i];
		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
			continue;
		uintptr_t start = module->bias + segment->p_vaddr, end = start + segment->p_memsz;
		note(context, start & -PAGE, (end + PAGE - 1) & -PAGE, segment->p_offset & -PAGE);
	}
}

/* --- notes ---------------------------------------------------------------------------------------- */

/* Whether an object is still the one that was read. Its addresses alone do not tell: a rebuilt plugin
 * is often loaded just where the old one was. */
static bool known_stays(const struct known *known)
{
	struct module now = {.start = known->place.start};
	const struct module *then = known->module;
	if (!place_stays(&known->place))
		return false;
	if (!then)
		return true;
	if (!then->is_read)
		return false;
	now.bias = then->bias;
	module_build_id(&now);
	return now.build_id_bytes == then->build_id_bytes &&
	       memcmp(now.build_id, then->build_id, sizeof(now.build_id)) == 0;
}

static void known_drop(struct known *known)
{
	rules_forget(known->place.start, known->place.end);
	arena_free(known->module, sizeof(*known->module));
}

void modules_begin(void)
{
	struct table *table = table_open();
	size_t kept = 0;
	for (size_t i = 0; table && i < table->count; i++) {
		struct known *known = &table->known[i];
		known->noted = false;
		if (known_stays(known))
			table->known[kept++] = *known;
		else
			known_drop(known);
	}
	if (table)
		table->count = kept;
}

void modules_note(uintptr_t address)
{
	struct table *table = table_open();
	struct known *known = table ? table_find(table, address) : NULL;
	if (!known || known->noted)
		return;
	if (!known->module)
		known->module = module_read(&known->place);
	known->noted = known->module != NULL;
}

size_t modules_count(void)
{
	const struct table *table = table_open();
	size_t count = 0;
	for (size_t i = 0; table && i < table->count; i++)
		count += table->known[i].noted;
	return count;
}

const struct module *modules_at(size_t index)
{
	const struct table *table = table_open();
	for (size_t i = 0; table && i < table->count; i++)
		if (table->known[i].noted && index-- == 0)
			return table->known[i].module;
	return NULL;
}

void modules_forget(void)
{
	hidden_table = 0;
}
