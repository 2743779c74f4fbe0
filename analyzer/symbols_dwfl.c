/*
 * symbols_dwfl.c - symbols from ELF and DWARF, over elfutils' libdwfl. The only file that includes it.
 *
 * Each module gets a Dwfl of its own, at bias 0, when the first place in it is asked for: so addresses
 * are the file's own, and modules of different dumps cannot overlap. A file is believed only if its
 * build id is the dump's; where it is another build, or is gone, the debug file of that build id
 * serves in its stead if the machine has it. No network is used unless asked for: the program that
 * a dump comes from is nobody's business.
 */
#include "analyzer/symbols.h"
#include "analyzer/demangle.h"
#include "analyzer/say.h"
#include "analyzer/table.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEBUG_ROOT "/usr/lib/debug/.build-id"

struct dwfl_source {
	struct symbol_source source; /* first: what the caller holds */
	struct pool *pool;
	struct table *modules; /* struct dump_module * -> struct module_file */
	struct rows open; /* struct module_file *, to be closed */
};

struct module_file {
	Dwfl *dwfl;
	Dwfl_Module *module; /* NULL: nothing usable */
};

/* NULL stands for the library's default: the file's own folder, .debug in it, and /usr/lib/debug. */
static char *debug_path;

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
	.debuginfo_path = &debug_path,
};

/* --- files ---------------------------------------------------------------------------------------- */

static bool build_id_equals(Dwfl_Module *module, const char *wanted)
{
	const unsigned char *bits;
	GElf_Addr address;
	char text[2 * 64 + 1] = "";
	int bytes = dwfl_module_build_id(module, &bits, &address);
	for (int i = 0; i < bytes && i < 64; i++)
		snprintf(text + 2 * i, 3, "%02x", bits[i]);
	return !strcmp(text, wanted);
}

enum report_result { FILE_USED, FILE_MISSING, FILE_OTHER_BUILD };

static enum report_result file_report(
	struct module_file *file, const char *path, const char *build_id)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return FILE_MISSING;
	file->dwfl = dwfl_begin(&callbacks);
	/* Takes the descriptor if it succeeds. */
	file->module = file->dwfl ? dwfl_report_elf(file->dwfl, path, path, fd, 0, true) : NULL;
	if (file->module)
		dwfl_report_end(file->dwfl, NULL, NULL);
	else
		close(fd);
	if (file->module && (!build_id || build_id_equals(file->module, build_id)))
		return FILE_USED;
	enum report_result result = file->module ? FILE_OTHER_BUILD : FILE_MISSING;
	if (file->dwfl)
		dwfl_end(file->dwfl);
	*file = (struct module_file){NULL, NULL};
	return result;
}

/* Only from a root folder: a path that the loader knows by another name (linux-vdso.so.1) is none. */
static void module_open(
	struct module_file *file, struct pool *pool, const struct dump_module *module)
{
	enum report_result result = FILE_MISSING;
	const char *build_id = module->build_id;
	if (module->path && module->path[0] == '/')
		result = file_report(file, module->path, build_id);
	if (result != FILE_USED && build_id && strlen(build_id) > 2) {
		const char *debug =
			pool_print(pool, DEBUG_ROOT "/%.2s/%s.debug", build_id, build_id + 2);
		if (file_report(file, debug, build_id) == FILE_USED)
			return;
	}
	if (result == FILE_OTHER_BUILD)
		warn("%s is not the file that the process ran (its build id was %s): not used",
			module->path, build_id);
}

static struct module_file *module_file_of(
	struct dwfl_source *source, const struct dump_module *module)
{
	void **slot = table_slot(source->modules, &module, sizeof(module));
	if (!*slot) {
		struct module_file *file = pool_alloc(source->pool, sizeof(*file));
		module_open(file, source->pool, module);
		if (file->dwfl)
			*(struct module_file **)rows_add(&source->open, source->pool) = file;
		*slot = file;
	}
	return *slot;
}

/* --- one place ------------------------------------------------------------------------------------ */

struct look_up {
	Dwfl_Module *module;
	GElf_Addr address;
	Dwarf_Die *unit; /* NULL: no debug information here */
	Dwarf_Addr bias; /* of the debug information against the module */
	struct pool *pool;
	struct rows symbols;
};

/* Where the function of a die was declared: inlined and out-of-line copies point there. */
static Dwarf_Die die_declaration(Dwarf_Die die)
{
	static const unsigned references[] = {DW_AT_abstract_origin, DW_AT_specification};
	for (size_t i = 0; i < 2; i++) {
		Dwarf_Attribute attribute;
		Dwarf_Die declared;
		if (dwarf_attr(&die, references[i], &attribute) &&
			dwarf_formref_die(&attribute, &declared))
			die = declared;
	}
	return die;
}

static bool die_qualifies(Dwarf_Die *die)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_namespace:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_subprogram:
		return dwarf_diename(die) != NULL;
	default:
		return false;
	}
}

/* "main::<lambda()>::operator()": what has no linkage name still has names around it. */
static const char *name_qualify(struct pool *pool, const char *name, Dwarf_Die *die)
{
	Dwarf_Die declared = die_declaration(*die);
	Dwarf_Die *scopes = NULL;
	int count = dwarf_getscopes_die(&declared, &scopes);
	for (int i = 1; i < count; i++)
		if (die_qualifies(&scopes[i]))
			name = pool_print(pool, "%s::%s", dwarf_diename(&scopes[i]), name);
	free(scopes);
	return name;
}

static const char *die_name(const struct look_up *look_up, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;
	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute))
		name = dwarf_formstring(&attribute);
	if (name)
		return demangle(look_up->pool, name);
	name = dwarf_diename(die);
	return name ? name_qualify(look_up->pool, pool_text(look_up->pool, name), die) : NULL;
}

static unsigned die_number(Dwarf_Die *die, unsigned attribute_name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;
	if (!dwarf_attr(die, attribute_name, &attribute) || dwarf_formudata(&attribute, &value))
		return 0;
	return (unsigned)value;
}

static const char *unit_file(const struct look_up *look_up, unsigned index)
{
	Dwarf_Files *files;
	size_t count;
	if (dwarf_getsrcfiles(look_up->unit, &files, &count) || index >= count)
		return NULL;
	const char *file = dwarf_filesrc(files, index, NULL, NULL);
	return file ? pool_text(look_up->pool, file) : NULL;
}

static void line_of_address(const struct look_up *look_up, struct symbol *symbol)
{
	Dwfl_Line *line = dwfl_module_getsrc(look_up->module, look_up->address);
	int number = 0;
	const char *file = line ? dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL) : NULL;
	if (!file)
		return;
	symbol->file = pool_text(look_up->pool, file);
	symbol->line = number > 0 ? (unsigned)number : 0;
}

/* What of the code at the address is inside die, outermost first. libdw does not look into namespaces, where
 * link-time optimisation puts the functions of unnamed ones. */
static void scopes_descend(
	const struct look_up *look_up, Dwarf_Die *die, Dwarf_Addr address, struct rows *scopes)
{
	Dwarf_Die child;
	for (int end = dwarf_child(die, &child); !end; end = dwarf_siblingof(&child, &child)) {
		bool is_namespace = dwarf_tag(&child) == DW_TAG_namespace;
		if (!is_namespace && dwarf_haspc(&child, address) <= 0)
			continue;
		size_t before = scopes->count;
		*(Dwarf_Die *)rows_add(scopes, look_up->pool) = child;
		scopes_descend(look_up, &child, address, scopes);
		if (!is_namespace || scopes->count > before + 1)
			return;
		scopes->count = before;
	}
}

static int scopes_in_namespaces(
	const struct look_up *look_up, Dwarf_Addr address, Dwarf_Die **scopes)
{
	struct rows found = {.item_bytes = sizeof(Dwarf_Die)};
	scopes_descend(look_up, look_up->unit, address, &found);
	if (!found.count)
		return 0;
	*scopes = malloc(found.count * sizeof(Dwarf_Die));
	for (size_t i = 0; *scopes && i < found.count; i++)
		(*scopes)[i] = ((Dwarf_Die *)found.items)[found.count - 1 - i];
	return *scopes ? (int)found.count : 0;
}

/* The scopes around the address, innermost first, as they are nested in the code. dwarf_getscopes()
 * alone continues outside of an inlined function where that function was written, not where it
 * was inlined; asking again for the innermost one's own parents gives the latter. */
static int scopes_find(const struct look_up *look_up, Dwarf_Die **scopes)
{
	Dwarf_Die *found = NULL;
	Dwarf_Die innermost;
	Dwarf_Addr address = look_up->address - look_up->bias;
	*scopes = NULL;
	if (dwarf_getscopes(look_up->unit, address, &found) <= 0)
		return scopes_in_namespaces(look_up, address, scopes);
	innermost = found[0];
	free(found);
	return dwarf_getscopes_die(&innermost, scopes);
}

/* Line numbers belong to the code at the address; each inlined function then says where its caller
 * called it. */
static void frames_of_scopes(struct look_up *look_up, Dwarf_Die *scopes, int count)
{
	struct symbol at = {0};
	line_of_address(look_up, &at);
	for (int i = 0; i < count; i++) {
		int tag = dwarf_tag(&scopes[i]);
		if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
			continue;
		struct symbol *symbol = rows_add(&look_up->symbols, look_up->pool);
		*symbol = at;
		symbol->function = die_name(look_up, &scopes[i]);
		symbol->inlined = tag == DW_TAG_inlined_subroutine;
		if (!symbol->inlined)
			break;
		at.file = unit_file(look_up, die_number(&scopes[i], DW_AT_call_file));
		at.line = die_number(&scopes[i], DW_AT_call_line);
	}
}

static bool begins_with(const char *name, const char *start)
{
	return strncmp(name, start, strlen(start)) == 0;
}

/* One function, several names: of _IO_fgets and fgets a program calls the second. Mangled names begin with an
 * underscore, too, and have no such second. */
static const char *name_called(const struct look_up *look_up, const char *name, GElf_Addr start)
{
	int count = dwfl_module_getsymtab(look_up->module);
	if (name[0] != '_' || begins_with(name, "_Z") || begins_with(name, "_R"))
		return name;
	for (int i = 0; i < count; i++) {
		GElf_Sym entry;
		GElf_Addr address = 0;
		const char *other = dwfl_module_getsym_info(
			look_up->module, i, &entry, &address, NULL, NULL, NULL);
		if (other && address == start && other[0] != '_' && other[0] &&
			GELF_ST_TYPE(entry.st_info) == STT_FUNC)
			return other;
	}
	return name;
}

/* The symbol table's function at the address, NULL if it has none. */
static const char *symbol_table_name(const struct look_up *look_up, GElf_Off *distance)
{
	GElf_Sym entry;
	const char *name = dwfl_module_addrinfo(
		look_up->module, look_up->address, distance, &entry, NULL, NULL, NULL);
	/* The nearest symbol before is not the function if it has a size that ends before. */
	if (!name || (entry.st_size && *distance >= entry.st_size))
		return NULL;
	return name_called(look_up, name, look_up->address - *distance);
}

/* Every thread begins in these functions of libc, no page shows them, and libc's debug information, where it is
 * installed, takes longer to unpack than all the rest of a report. */
static bool starts_threads(const struct look_up *look_up, const struct dump_module *module)
{
	static const char *const names[] = {"start_thread", "clone", "__clone", "__libc_start_"};
	const char *slash = module->path ? strrchr(module->path, '/') : NULL;
	GElf_Off distance;
	if (!slash || !begins_with(slash, "/libc.so"))
		return false;
	const char *name = symbol_table_name(look_up, &distance);
	for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (begins_with(name, names[i]))
			return true;
	return false;
}

/* The symbol table knows entries, and names where there is no debug information. */
static void symbol_table_add(struct look_up *look_up, struct symbol_list *list)
{
	GElf_Off distance = 0;
	const char *name = symbol_table_name(look_up, &distance);
	if (!name)
		return;
	list->entry_distance = (struct measured){distance, true};
	if (look_up->symbols.count)
		return;
	struct symbol *symbol = rows_add(&look_up->symbols, look_up->pool);
	symbol->function = demangle(look_up->pool, name);
	if (look_up->unit)
		line_of_address(look_up, symbol);
}

static struct symbol_list dwfl_look_up(
	struct symbol_source *source, struct pool *pool, const struct place *place)
{
	struct symbol_list list = {.count = 0};
	struct look_up look_up = {.address = place->offset, .pool = pool};
	Dwarf_Die *scopes;
	if (!place->module || !place->module->bias.known)
		return list;
	look_up.module = module_file_of((struct dwfl_source *)source, place->module)->module;
	look_up.symbols.item_bytes = sizeof(struct symbol);
	if (!look_up.module)
		return list;
	if (!starts_threads(&look_up, place->module))
		look_up.unit = dwfl_module_addrdie(look_up.module, look_up.address, &look_up.bias);
	if (look_up.unit) {
		int count = scopes_find(&look_up, &scopes);
		frames_of_scopes(&look_up, scopes, count);
		free(scopes);
	}
	symbol_table_add(&look_up, &list);
	list.symbol = look_up.symbols.items;
	list.count = (unsigned)look_up.symbols.count;
	return list;
}

/* --- life ----------------------------------------------------------------------------------------- */

static void dwfl_close(struct symbol_source *closing)
{
	struct dwfl_source *source = (struct dwfl_source *)closing;
	struct module_file **open = source->open.items;
	for (size_t i = 0; i < source->open.count; i++)
		dwfl_end(open[i]->dwfl);
	table_free(source->modules);
	pool_free(source->pool);
}

struct symbol_source *symbols_dwfl_open(bool network)
{
	struct pool *pool = pool_new();
	struct dwfl_source *source = pool_alloc(pool, sizeof(*source));
	/* libdwfl loads libdebuginfod by itself and asks the servers named there. */
	if (!network)
		unsetenv("DEBUGINFOD_URLS");
	*source = (struct dwfl_source){{dwfl_look_up, dwfl_close}, pool, table_new(),
		{.item_bytes = sizeof(struct module_file *)}};
	return &source->source;
}
