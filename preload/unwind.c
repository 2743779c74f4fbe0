/*
 * unwind.c - one step by libunwind's remote interface, over accessors of our own.
 *
 * Guarantee: libunwind reads stack words from the view, other words only inside of loaded objects and
 * through the kernel, registers from the frame; it writes nothing, and it finds unwind tables by our
 * own table of objects, never by dl_iterate_phdr. Its caching is off: what it would keep outlives
 * the object that it was read from, and frames that come here are rare.
 */
#include "preload/unwind.h"
#include "preload/peek.h"
#include "preload/sys.h"

#include <dlfcn.h>
#include <libunwind.h>
#include <stdatomic.h>
#include <stddef.h>

#define TABLE_OFFSET 12 /* of the sorted table in .eh_frame_hdr */
#define TABLE_ROW    8

/* libunwind's functions, by their names in its library. */
struct library {
	unw_addr_space_t (*create)(unw_accessors_t *, int);
	int (*set_caching)(unw_addr_space_t, unw_caching_policy_t);
	int (*init)(unw_cursor_t *, unw_addr_space_t, void *);
	int (*step)(unw_cursor_t *);
	int (*get)(unw_cursor_t *, int, unw_word_t *);
	int (*search)(
		unw_addr_space_t, unw_word_t, unw_dyn_info_t *, unw_proc_info_t *, int, void *);
	unw_addr_space_t space;
};

/* Written by unwind_open() before ready is set; read after it was seen set. */
static struct library library;
static _Atomic bool ready;
static _Atomic bool failed, stepping;
static bool wanted;

static const int numbers[REGISTERS] = {[AT_PC] = UNW_X86_64_RIP,
	[AT_SP] = UNW_X86_64_RSP,
	[AT_BP] = UNW_X86_64_RBP,
	[AT_BX] = UNW_X86_64_RBX,
	[AT_R12] = UNW_X86_64_R12,
	[AT_R13] = UNW_X86_64_R13,
	[AT_R14] = UNW_X86_64_R14,
	[AT_R15] = UNW_X86_64_R15};

/* What the accessors work on. */
struct context {
	struct stepper *stepper;
	const struct frame *frame;
	bool outside; /* a stack word was asked for that the view does not hold */
};

/* --- accessors ------------------------------------------------------------------------------------ */

static int access_register(
	unw_addr_space_t space, unw_regnum_t number, unw_word_t *value, int write, void *argument)
{
	const struct context *context = argument;
	(void)space;
	for (unsigned i = 0; i < REGISTERS; i++) {
		if (numbers[i] != number || write || !(context->frame->have & (1u << i)))
			continue;
		/* libunwind looks up exactly what it is given, and a call lies before its return address. */
		*value = i == AT_PC ? frame_place(context->frame) : context->frame->at[i];
		return 0;
	}
	return -UNW_EBADREG;
}

static int access_memory(
	unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write, void *argument)
{
	struct context *context = argument;
	(void)space;
	if (write)
		return -UNW_EINVAL;
	if (view_word(context->stepper->view, address, value))
		return 0;
	struct module_place place;
	if (!module_place_known(address, &place)) {
		context->outside = true;
		context->stepper->needs = address;
		return -UNW_EINVAL;
	}
	return peek(value, address, sizeof(*value)) == (long)sizeof(*value) ? 0 : -UNW_EINVAL;
}

static int access_float(
	unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int write, void *argument)
{
	(void)space, (void)number, (void)value, (void)write, (void)argument;
	return -UNW_EBADREG;
}

/*
 * UNW_ESTOPUNWIND, for any other failure sends libunwind guessing by the frame pointer.
 */
static int find_tables(unw_addr_space_t space, unw_word_t pc, unw_proc_info_t *found, int need_info,
	void *argument)
{
	unsigned char header[TABLE_OFFSET];
	uint32_t rows;
	struct module_place place;
	if (!module_place_known(pc, &place) || !place.eh_frame_header)
		return -UNW_ESTOPUNWIND;
	uintptr_t at = place.eh_frame_header;
	if (peek(header, at, sizeof(header)) != (long)sizeof(header) || header[3] != 0x3b)
		return -UNW_ESTOPUNWIND;
	memcpy(&rows, header + 8, sizeof(rows));
	unw_dyn_info_t tables = {.start_ip = place.start,
		.end_ip = place.end,
		.format = UNW_INFO_FORMAT_REMOTE_TABLE};
	tables.u.rti.segbase = at;
	tables.u.rti.table_data = at + TABLE_OFFSET;
	tables.u.rti.table_len = rows * (unw_word_t)TABLE_ROW / sizeof(unw_word_t);
	int result = library.search(space, pc, &tables, found, need_info, argument);
	return result < 0 ? -UNW_ESTOPUNWIND : 0;
}

static void put_tables(unw_addr_space_t space, unw_proc_info_t *info, void *argument)
{
	(void)space, (void)info, (void)argument;
}

static int no_list(unw_addr_space_t space, unw_word_t *list, void *argument)
{
	(void)space, (void)list, (void)argument;
	return -UNW_ENOINFO;
}

static int no_resume(unw_addr_space_t space, unw_cursor_t *cursor, void *argument)
{
	(void)space, (void)cursor, (void)argument;
	return -UNW_EINVAL;
}

static int no_name(unw_addr_space_t space, unw_word_t address, char *name, size_t bytes,
	unw_word_t *offset, void *argument)
{
	(void)space, (void)address, (void)name, (void)bytes, (void)offset, (void)argument;
	return -UNW_ENOINFO;
}

/* --- the library ---------------------------------------------------------------------------------- */

static bool library_load(void)
{
	const struct {
		const char *name;
		void *function;
	} functions[] = {
		{"_Ux86_64_create_addr_space", &library.create},
		{"_Ux86_64_set_caching_policy", &library.set_caching},
		{"_Ux86_64_init_remote", &library.init},
		{"_Ux86_64_step", &library.step},
		{"_Ux86_64_get_reg", &library.get},
		{"_Ux86_64_dwarf_search_unwind_table", &library.search},
	};
	void *handle = dlopen("libunwind-x86_64.so.8", RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return false;
	for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *function = dlsym(handle, functions[i].name);
		if (!function)
			return false;
		memcpy(functions[i].function, &function, sizeof(function));
	}
	return true;
}

static bool open_try(void)
{
	static unw_accessors_t accessors = {.find_proc_info = find_tables,
		.put_unwind_info = put_tables,
		.get_dyn_info_list_addr = no_list,
		.access_mem = access_memory,
		.access_reg = access_register,
		.access_fpreg = access_float,
		.resume = no_resume,
		.get_proc_name = no_name};
	if (unwind_ready())
		return true;
	if (!library_load())
		return false;
	library.space = library.create(&accessors, 0);
	if (!library.space)
		return false;
	library.set_caching(library.space, UNW_CACHE_NONE);
	atomic_store_explicit(&ready, true, memory_order_release);
	return true;
}

bool unwind_open(void)
{
	bool opened = open_try();
	atomic_store_explicit(&failed, !opened, memory_order_release);
	return opened;
}

bool unwind_failed(void)
{
	return atomic_load_explicit(&failed, memory_order_acquire);
}

bool unwind_wanted(void)
{
	return wanted;
}

void unwind_forget(void)
{
	if (!atomic_load_explicit(&stepping, memory_order_relaxed))
		return;
	atomic_store_explicit(&ready, false, memory_order_relaxed);
	atomic_store_explicit(&failed, true, memory_order_relaxed);
}

bool unwind_ready(void)
{
	return atomic_load_explicit(&ready, memory_order_acquire);
}

/* --- a step --------------------------------------------------------------------------------------- */

static void caller_read(unw_cursor_t *cursor, struct frame *caller)
{
	caller->have = 0;
	for (unsigned i = 0; i < REGISTERS; i++) {
		unw_word_t value;
		if (library.get(cursor, numbers[i], &value) < 0)
			continue;
		caller->at[i] = value;
		caller->have |= 1u << i;
	}
}

/* All that libunwind does for a step; what it takes for it, it holds no longer than this. */
static int library_step(unw_cursor_t *cursor, struct context *context, struct frame *caller)
{
	atomic_store_explicit(&stepping, true, memory_order_relaxed);
	int result = library.init(cursor, library.space, context);
	if (result >= 0)
		result = library.step(cursor);
	if (result >= 0)
		caller_read(cursor, caller);
	atomic_store_explicit(&stepping, false, memory_order_relaxed);
	return result;
}

enum step unwind_step(struct stepper *stepper, struct frame *frame, bool signal_frame)
{
	struct context context = {.stepper = stepper, .frame = frame};
	struct frame caller = {.exact = signal_frame};
	unw_cursor_t cursor;
	wanted = true;
	if (!unwind_ready())
		return STEP_NO_RULE;
	int result = library_step(&cursor, &context, &caller);
	if (result < 0)
		return context.outside ? STEP_OUTSIDE : STEP_NO_RULE;
	if (result == 0 || !(caller.have & HAVE_PC) || !caller.at[AT_PC])
		return STEP_OUTERMOST;
	if (!(caller.have & HAVE_SP) || (caller.at[AT_SP] <= frame->at[AT_SP] && !signal_frame))
		return STEP_ASTRAY;
	*frame = caller;
	return step_arrived(stepper, frame);
}
