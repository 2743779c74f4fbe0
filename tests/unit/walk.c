/*
 * walk.c - the walker on real stacks, frame by frame against libunwind.
 *
 * A stack is walked three times from the same registers: by rules alone, with libunwind's help, and by
 * libunwind alone, the oracle. The second must equal the oracle; the first must equal it too, or end
 * where a frame is not plain. The last lines say how many frames were not.
 */
#include "preload/walk.h"
#include "preload/modules.h"
#include "preload/rules.h"
#include "preload/step.h"
#include "preload/sys.h"
#include "preload/unwind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <alloca.h>
#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <search.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define ROOM	   512
#define INTERRUPTS 1000
#define NOINLINE   __attribute__((noinline))
/* As the compiler makes it without optimisation: every function keeps a frame pointer. */
#define UNOPTIMISED __attribute__((noinline, optimize("O0", "no-omit-frame-pointer")))
#ifdef __clang__
#undef UNOPTIMISED
#define UNOPTIMISED __attribute__((noinline, optnone))
#endif

/* Frames seen by all comparisons so far, and those that rules could not step. */
static unsigned long frames_all, frames_unusual;

/* Keeps the compiler from turning the call before it into a jump. */
#define HERE() __asm__ volatile("" ::: "memory")

/* --- the oracle ------------------------------------------------------------------------------------ */

/* Whether the code at pc is what returns from a signal handler: mov $15,%rax; syscall. */
static bool returns_from_handler(uintptr_t pc)
{
	static const unsigned char code[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
	unsigned char here[sizeof(code)];
	return sys_peek(here, pc, sizeof(here)) == (long)sizeof(here) &&
	       memcmp(here, code, sizeof(code)) == 0;
}

static struct frame frame_of(const struct registers *registers, unsigned have)
{
	struct frame frame = {.have = have, .exact = true};
	memcpy(frame.at, registers, sizeof(frame.at));
	return frame;
}

/* The walk by libunwind alone, in the walker's form. */
static void oracle_walk(
	const struct registers *registers, const struct stack_view *view, struct walk *walk)
{
	struct stepper stepper = {.view = view, .guarded = true};
	struct frame frame = frame_of(registers, HAVE_ALL);
	walk->count = 0;
	while (walk->count < walk->room && stepper_place(&stepper, frame_place(&frame))) {
		bool handler = returns_from_handler(frame.at[AT_PC]);
		walk->frames[walk->count++] = frame.at[AT_PC] + (frame.exact || handler);
		enum step step = unwind_step(&stepper, &frame, handler);
		walk->end = step == STEP_OUTERMOST ? WALK_WHOLE : WALK_LOST;
		if (step != STEP_CALLER)
			return;
	}
}

/* --- comparison ------------------------------------------------------------------------------------ */

static void print_stack(const char *name, const struct walk *walk)
{
	print_message("# %s: end %d\n", name, walk->end);
	for (unsigned i = 0; i < walk->count; i++) {
		Dl_info info = {0};
		dladdr((void *)(walk->frames[i] - 1), &info);
		print_message("#   %#lx %s %s\n", (unsigned long)walk->frames[i],
			info.dli_sname ? info.dli_sname : "?",
			info.dli_fname ? info.dli_fname : "?");
	}
}

static bool frames_equal(const struct walk *a, const struct walk *b, unsigned count)
{
	return memcmp(a->frames, b->frames, count * sizeof(*a->frames)) == 0;
}

static unsigned long frames_not_plain(const struct walk *walk)
{
	struct stepper stepper = {.guarded = true};
	struct rule rule;
	unsigned long count = 0;
	for (unsigned i = 0; i < walk->count; i++) {
		struct cfi_image image;
		if (!stepper_place(&stepper, walk->frames[i] - 1) ||
			!stepper_image(&stepper, &image))
			continue;
		cfi_rule(&image, walk->frames[i] - 1, &rule);
		count += rule.kind == RULE_UNUSUAL;
	}
	return count;
}

static void compare(const char *name, const struct walk *alone, const struct walk *helped,
	const struct walk *oracle)
{
	unsigned long unusual = frames_not_plain(oracle);
	bool good = helped->count == oracle->count && helped->end == oracle->end &&
		    frames_equal(helped, oracle, oracle->count) && helped->guessed < 0 &&
		    alone->count <= oracle->count && frames_equal(alone, oracle, alone->count) &&
		    (unusual ? alone->end == WALK_LOST || alone->end == oracle->end
			     : alone->count == oracle->count && alone->end == oracle->end);
	frames_all += oracle->count;
	frames_unusual += unusual;
	if (good)
		return;
	print_stack("rules alone", alone);
	print_stack("with libunwind", helped);
	print_stack("libunwind alone", oracle);
	fail_msg("%s: stacks differ", name);
}

/* Walks three times and compares. The number of frames found, all of them. */
static unsigned compare_walks(
	const char *name, const struct registers *registers, const struct stack_view *view)
{
	static _Thread_local uintptr_t frames[3][ROOM];
	struct walk alone = {.frames = frames[0], .room = ROOM};
	struct walk helped = {.frames = frames[1], .room = ROOM};
	struct walk oracle = {.frames = frames[2], .room = ROOM};
	stack_walk(registers, HAVE_ALL, view, WALK_ALONE, &alone);
	stack_walk(registers, HAVE_ALL, view, WALK_WITH_LIBUNWIND, &helped);
	oracle_walk(registers, view, &oracle);
	compare(name, &alone, &helped, &oracle);
	return oracle.end == WALK_WHOLE ? oracle.count : 0;
}

static uintptr_t stack_high(void)
{
	static _Thread_local uintptr_t high;
	pthread_attr_t attributes;
	void *low;
	size_t bytes;
	if (high)
		return high;
	assert_int_equal(pthread_getattr_np(pthread_self(), &attributes), 0);
	assert_int_equal(pthread_attr_getstack(&attributes, &low, &bytes), 0);
	pthread_attr_destroy(&attributes);
	return high = (uintptr_t)low + bytes;
}

static struct stack_view view_live(uintptr_t low, uintptr_t high)
{
	return (struct stack_view){.bytes = (const unsigned char *)low, .low = low, .high = high};
}

/* Compares on the caller's own stack. The number of frames, 0 if the outermost was not reached. */
static NOINLINE unsigned here(const char *name)
{
	struct registers registers;
	registers_here(&registers);
	struct stack_view view = view_live(registers.sp, stack_high());
	return compare_walks(name, &registers, &view);
}

static volatile unsigned found; /* by the last call of here() in a callback */

/* --- stacks of many shapes -------------------------------------------------------------------------- */

static NOINLINE unsigned recurse(unsigned depth)
{
	unsigned char locals[64];
	memset(locals, (int)depth, sizeof(locals));
	__asm__ volatile("" ::"r"(locals) : "memory");
	unsigned count = depth ? recurse(depth - 1) : here("recursion");
	HERE();
	return count;
}

static NOINLINE unsigned on_a_varying_stack(unsigned depth)
{
	unsigned char *locals = alloca(17 * depth + 1);
	memset(locals, (int)depth, 17 * depth + 1);
	__asm__ volatile("" ::"r"(locals) : "memory");
	unsigned count = depth ? on_a_varying_stack(depth - 1) : here("alloca");
	HERE();
	return count;
}

static NOINLINE unsigned on_a_realigned_stack(unsigned depth)
{
	unsigned char locals[128] __attribute__((aligned(64)));
	memset(locals, (int)depth, sizeof(locals));
	__asm__ volatile("" ::"r"(locals) : "memory");
	unsigned count = depth ? on_a_realigned_stack(depth - 1) : here("realigned");
	HERE();
	return count;
}

static UNOPTIMISED unsigned with_frame_pointers(unsigned depth)
{
	volatile unsigned char locals[100];
	locals[depth % 100] = 1;
	unsigned count = depth ? with_frame_pointers(depth - 1) : here("frame pointers");
	HERE();
	return count + 0 * locals[depth % 100];
}

static NOINLINE unsigned with_variable_arguments(int count, ...)
{
	va_list list;
	double sum = 0;
	va_start(list, count);
	for (int i = 0; i < count; i++)
		sum += va_arg(list, double);
	va_end(list);
	unsigned frames = here("variadic");
	__asm__ volatile("" ::"r"(&sum) : "memory");
	return frames;
}

/* Uses every callee-saved register across the call. */
static NOINLINE unsigned with_full_registers(unsigned depth)
{
	unsigned long a = depth, b = depth * 3, c = depth * 5, d = depth * 7, e = depth * 11,
		      f = depth * 13;
	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
	unsigned count = depth ? with_full_registers(depth - 1) : here("full registers");
	__asm__ volatile("" ::"r"(a), "r"(b), "r"(c), "r"(d), "r"(e), "r"(f));
	return count;
}

static void test_shapes(void **state)
{
	(void)state;
	unsigned least = here("base");
	assert_true(least >= 4);
	assert_true(recurse(100) >= 100 + least);
	assert_true(on_a_varying_stack(60) >= 60 + least);
	assert_true(on_a_realigned_stack(30) >= 30 + least);
	assert_true(with_frame_pointers(50) >= 50 + least);
	assert_true(with_full_registers(20) >= 20 + least);
	assert_true(with_variable_arguments(3, 1.0, 2.0, 3.0) >= 1 + least);
}

/* --- frames that are not plain ------------------------------------------------------------------------ */

typedef void callback(void);
unsigned call_unusually(callback *function);
unsigned call_undescribed(callback *function);

/* The first has a CFA of "rsp, 16, plus", which rules do not know; the second has no unwind information
 * but keeps a frame pointer. */
__asm__(".text\n"
	".type call_unusually, @function\n"
	"call_unusually:\n"
	".cfi_startproc\n"
	"sub $8, %rsp\n"
	".cfi_escape 0x0f, 0x04, 0x77, 0x00, 0x40, 0x22\n"
	"call *%rdi\n"
	"add $8, %rsp\n"
	".cfi_def_cfa %rsp, 8\n"
	"ret\n"
	".cfi_endproc\n"
	".type call_undescribed, @function\n"
	"call_undescribed:\n"
	"push %rbp\n"
	"mov %rsp, %rbp\n"
	"call *%rdi\n"
	"pop %rbp\n"
	"ret\n");

static void once(void)
{
	found = here("once");
}

/* The same walk as here() has, but returned. */
static NOINLINE void walk_here(struct walk *walk, enum walk_help help)
{
	struct registers registers;
	registers_here(&registers);
	struct stack_view view = view_live(registers.sp, stack_high());
	stack_walk(&registers, HAVE_ALL, &view, help, walk);
	HERE();
}

static uintptr_t ended_frames[2][ROOM];
static struct walk ended[2]; /* by enum walk_help */

static NOINLINE void walk_twice(void)
{
	for (int help = WALK_ALONE; help <= WALK_WITH_LIBUNWIND; help++) {
		ended[help] = (struct walk){.frames = ended_frames[help], .room = ROOM};
		walk_here(&ended[help], (enum walk_help)help);
		HERE();
	}
}

static void test_libunwind_helps(void **state)
{
	(void)state;
	unsigned long before = frames_unusual;
	walk_twice();
	unsigned least = ended[WALK_ALONE].count;
	call_unusually(once);
	assert_true(frames_unusual > before);
	call_unusually(walk_twice);
	assert_int_equal(ended[WALK_ALONE].end, WALK_LOST);
	assert_int_equal(ended[WALK_ALONE].count, 3);
	assert_int_equal(ended[WALK_WITH_LIBUNWIND].end, WALK_WHOLE);
	assert_int_equal(ended[WALK_WITH_LIBUNWIND].count, least + 1);
	assert_int_equal(ended[WALK_WITH_LIBUNWIND].guessed, -1);
}

static void test_no_information(void **state)
{
	(void)state;
	call_undescribed(walk_twice);
	assert_int_equal(ended[WALK_ALONE].end, WALK_LOST);
	assert_int_equal(ended[WALK_ALONE].count, 3);
	assert_true(ended[WALK_WITH_LIBUNWIND].count > 3);
	assert_int_equal(ended[WALK_WITH_LIBUNWIND].guessed, 3);
}

/* mov %rdi,%rax; sub $8,%rsp; call *%rax; add $8,%rsp; ret - on a page of its own. */
static void test_generated_code(void **state)
{
	(void)state;
	static const unsigned char code[] = {
		0x48, 0x89, 0xf8, 0x48, 0x83, 0xec, 0x08, 0xff, 0xd0, 0x48, 0x83, 0xc4, 0x08, 0xc3};
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*call)(callback *);
	assert_true(page != MAP_FAILED);
	memcpy(page, code, sizeof(code));
	assert_int_equal(mprotect(page, 4096, PROT_READ | PROT_EXEC), 0);
	memcpy(&call, &page, sizeof(call));
	call(walk_twice);
	for (int help = WALK_ALONE; help <= WALK_WITH_LIBUNWIND; help++) {
		assert_int_equal(ended[help].end, WALK_LOST);
		assert_int_equal(ended[help].count, 2);
	}
	munmap(page, 4096);
}

/* --- callbacks of the C library, and of code loaded later --------------------------------------------- */

static int order(const void *a, const void *b)
{
	found = here("comparison");
	return *(const int *)a - *(const int *)b;
}

static void visit(const void *node, VISIT which, int depth)
{
	(void)node, (void)depth;
	if (which == leaf)
		found = here("visit");
}

static void test_callbacks(void **state)
{
	(void)state;
	int numbers[] = {5, 3, 9, 1, 7}, key = 7;
	void *tree = NULL;
	pthread_once_t control = PTHREAD_ONCE_INIT;

	found = 0;
	qsort(numbers, 5, sizeof(numbers[0]), order);
	assert_true(found > 4);
	found = 0;
	assert_non_null(bsearch(&key, numbers, 5, sizeof(key), order));
	assert_true(found > 4);
	for (int i = 0; i < 5; i++)
		tsearch(&numbers[i], &tree, order);
	found = 0;
	twalk(tree, visit);
	assert_true(found > 4);
	while (tree)
		tdelete(*(int **)tree, &tree, order);
	found = 0;
	pthread_once(&control, once);
	assert_true(found > 4);
}

/* The head of zlib's z_stream, which is part of its ABI. */
struct stream {
	const void *next_in;
	unsigned avail_in;
	unsigned long total_in;
	void *next_out;
	unsigned avail_out;
	unsigned long total_out;
	const char *message;
	void *state;
	void *(*allocate)(void *, unsigned, unsigned);
	void (*release)(void *, void *);
	void *context;
	int data_type;
	unsigned long adler, reserved;
};

static void *allocate(void *context, unsigned items, unsigned bytes)
{
	(void)context;
	found = here("dlopen");
	return calloc(items, bytes);
}

static void release(void *context, void *memory)
{
	(void)context;
	free(memory);
}

/* In a namespace of its own, so that the object is mapped anew although the test uses it already. */
static void test_loaded_code(void **state)
{
	(void)state;
	void *handle = dlmopen(LM_ID_NEWLM, "libz.so.1", RTLD_NOW);
	if (!handle)
		skip();
	int (*start)(struct stream *, const char *, int);
	int (*end)(struct stream *);
	*(void **)&start = dlsym(handle, "inflateInit_");
	*(void **)&end = dlsym(handle, "inflateEnd");
	struct stream stream = {.allocate = allocate, .release = release};
	assert_non_null(start);
	assert_non_null(end);
	found = 0;
	assert_int_equal(start(&stream, "1", (int)sizeof(stream)), 0);
	assert_true(found > 4);
	end(&stream);
	dlclose(handle);
}

/* --- signals ------------------------------------------------------------------------------------------ */

static void on_signal(int number)
{
	found = here("handler");
	if (number == SIGUSR1)
		raise(SIGUSR2);
}

static void handle(int number, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
	assert_int_equal(sigaction(number, &action, NULL), 0);
}

static void test_nested_handlers(void **state)
{
	(void)state;
	handle(SIGUSR1, on_signal, 0);
	handle(SIGUSR2, on_signal, 0);
	found = 0;
	raise(SIGUSR1);
	assert_true(found > 8);
	handle(SIGUSR1, SIG_DFL, 0);
	handle(SIGUSR2, SIG_DFL, 0);
}

#define ALTERNATE_BYTES 131072
static unsigned char alternate[ALTERNATE_BYTES] __attribute__((aligned(16)));

/* On the alternate stack: first with a view of it alone, then with the stack it interrupted. */
static void on_other_stack(int number)
{
	struct registers registers;
	uintptr_t frames[ROOM], high = (uintptr_t)alternate + ALTERNATE_BYTES;
	struct walk walk = {.frames = frames, .room = ROOM};
	(void)number;
	registers_here(&registers);
	struct stack_view view = view_live(registers.sp, high);
	stack_walk(&registers, HAVE_ALL, &view, WALK_ALONE, &walk);
	assert_int_equal(walk.end, WALK_NEEDS_MORE);
	assert_true(walk.needs < stack_high() && stack_high() - walk.needs < 1 << 23);
	struct stack_view other = view_live(walk.needs, stack_high());
	view.next = &other;
	found = compare_walks("alternate stack", &registers, &view);
}

static void test_alternate_stack(void **state)
{
	(void)state;
	stack_t mine = {.ss_sp = alternate, .ss_size = ALTERNATE_BYTES}, before;
	assert_int_equal(sigaltstack(&mine, &before), 0);
	handle(SIGUSR1, on_other_stack, SA_ONSTACK);
	found = 0;
	raise(SIGUSR1);
	assert_true(found > 4);
	handle(SIGUSR1, SIG_DFL, 0);
	assert_int_equal(sigaltstack(&before, NULL), 0);
}

static _Atomic unsigned interrupts;

static void on_timer(int number)
{
	(void)number;
	here("interrupted anywhere");
	interrupts++;
}

static NOINLINE unsigned long busy(unsigned depth)
{
	unsigned long a = depth, b = depth * 3, c = depth * 5, d = depth * 7, e = depth * 11;
	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e));
	unsigned long sum = depth ? busy(depth - 1) : 1;
	__asm__ volatile("" ::"r"(a), "r"(b), "r"(c), "r"(d), "r"(e));
	return sum + 1;
}

/* Interrupts code wherever it happens to be: prologues, epilogues, linkage tables, string functions.
 * Each time once, as the comparison takes longer than any period that would interrupt often. */
static void test_interrupted_anywhere(void **state)
{
	(void)state;
	char text[64];
	handle(SIGALRM, on_timer, SA_RESTART);
	for (unsigned i = 0; i < INTERRUPTS; i++) {
		struct itimerval soon = {{0, 0}, {0, 1 + i % 50}};
		setitimer(ITIMER_REAL, &soon, NULL);
		while (interrupts == i) {
			int numbers[] = {3, 1, 2};
			snprintf(text, sizeof(text), "%d %s %f", numbers[0], "text", 1.5);
			found += (unsigned)strtol(text, NULL, 10) + (unsigned)strlen(text);
			found += (unsigned)busy(9);
		}
	}
	handle(SIGALRM, SIG_DFL, 0);
}

/* --- other threads' stacks ------------------------------------------------------------------------------ */

#define DEPTH	    12
#define VIEW_BYTES  65536
#define STACK_BYTES 524288
#define CALLERS_MAX 64

/* A thread that blocks in a known stack. callers are the return addresses that it must show. */
struct parked {
	pthread_t thread;
	void *stack;
	_Atomic int tid;
	_Atomic int word; /* a futex: 0 parked, 1 let go */
	struct registers registers; /* where it saved them itself */
	uintptr_t callers[CALLERS_MAX];
	unsigned count;
	bool rehearsal; /* descend and return, leaving old records behind */
	size_t locals; /* bytes of each frame */
	unsigned (*descend)(struct parked *, unsigned);
};

/* Blocks with nothing saved. libc's syscall() leaves rbp as it finds it, so that this is the frame whose
 * bp must be found, above locals where old records lie. */
static UNOPTIMISED void park(struct parked *parked)
{
	volatile unsigned char locals[300];
	locals[0] = parked->rehearsal;
	if (locals[0])
		return;
	parked->callers[parked->count++] = (uintptr_t)__builtin_return_address(0);
	registers_here(&parked->registers);
	parked->tid = (int)syscall(SYS_gettid);
	while (!parked->word)
		syscall(SYS_futex, &parked->word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

#define REMEMBER(parked)                                                                           \
	((parked)->callers[(parked)->count++] = (uintptr_t)__builtin_return_address(0))

static UNOPTIMISED unsigned descend_unoptimised(struct parked *parked, unsigned depth)
{
	volatile unsigned char *locals = alloca(parked->locals);
	locals[0] = 1;
	REMEMBER(parked);
	if (depth)
		descend_unoptimised(parked, depth - 1);
	else
		park(parked);
	return locals[0];
}

/* With locals of a fixed size, as nearly all code has. */
static UNOPTIMISED unsigned descend_fixed(struct parked *parked, unsigned depth)
{
	volatile unsigned char locals[200];
	locals[depth] = 1;
	REMEMBER(parked);
	if (depth)
		descend_fixed(parked, depth - 1);
	else
		park(parked);
	return locals[depth];
}

static NOINLINE unsigned descend_optimised(struct parked *parked, unsigned depth)
{
	unsigned long a = depth, b = depth * 3, c = depth * 5;
	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c));
	REMEMBER(parked);
	if (depth)
		descend_optimised(parked, depth - 1);
	else
		park(parked);
	__asm__ volatile("" ::"r"(a), "r"(b), "r"(c));
	return 0;
}

/* Built with a sanitizer, every function keeps its frame pointer. */
#ifdef __SANITIZE_ADDRESS__
#define WITHOUT_FRAME_POINTER
#else
#define WITHOUT_FRAME_POINTER "rbp"
#endif

/* By turns, so that frame pointers are lost and found again. */
static NOINLINE unsigned descend_mixed(struct parked *parked, unsigned depth)
{
	unsigned long a = depth, b = depth * 3, c = depth * 5;
	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c)::WITHOUT_FRAME_POINTER);
	REMEMBER(parked);
	if (depth)
		descend_unoptimised(parked, 1 - 1 + (depth > 1));
	else
		park(parked);
	__asm__ volatile("" ::"r"(a), "r"(b), "r"(c));
	return 0;
}

/* Leaves old records all over the stack that the parked frames will use. */
static UNOPTIMISED unsigned litter(unsigned depth)
{
	volatile unsigned char locals[48];
	locals[0] = (unsigned char)depth;
	return depth ? litter(depth - 1) + locals[0] : locals[0];
}

/* Leaves old records of the very functions that will be parked, not quite where theirs will be. */
static UNOPTIMISED void rehearse(struct parked *parked)
{
	volatile unsigned char *shift = alloca(88);
	shift[0] = 1;
	parked->rehearsal = true;
	parked->descend(parked, DEPTH);
	parked->rehearsal = false;
	parked->count = 0;
}

static UNOPTIMISED void *parked_main(void *argument)
{
	struct parked *parked = argument;
	litter(400);
	if (parked->descend == descend_fixed)
		rehearse(parked);
	parked->descend(parked, DEPTH);
	return NULL;
}

static void parked_start(struct parked *parked)
{
	uint64_t deadline = sys_clock_ns(CLOCK_MONOTONIC) + 20000000000u;
	/* A stack of its own, as libc would hand out the last thread's with all its old records. */
	pthread_attr_t attributes;
	parked->stack =
		mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(parked->stack != MAP_FAILED);
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, parked->stack, STACK_BYTES);
	assert_int_equal(pthread_create(&parked->thread, &attributes, parked_main, parked), 0);
	pthread_attr_destroy(&attributes);
	while (!parked->tid && sys_clock_ns(CLOCK_MONOTONIC) < deadline)
		sched_yield();
	assert_int_not_equal(parked->tid, 0);
}

static void parked_stop(struct parked *parked)
{
	parked->word = 1;
	syscall(SYS_futex, &parked->word, FUTEX_WAKE, 1, NULL, NULL, 0);
	assert_int_equal(pthread_join(parked->thread, NULL), 0);
	munmap(parked->stack, STACK_BYTES);
}

/* The last two numbers of /proc/self/task/TID/syscall. False unless the thread is in futex. */
static bool registers_of(const struct parked *parked, struct registers *registers)
{
	char path[64];
	unsigned long sp, pc;
	long number = -1;
	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", parked->tid);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	int got = fscanf(file, "%ld %*s %*s %*s %*s %*s %*s %lx %lx", &number, &sp, &pc);
	fclose(file);
	memset(registers, 0, sizeof(*registers));
	registers->sp = sp;
	registers->pc = pc;
	return got == 3 && number == SYS_futex;
}

static void parked_registers(const struct parked *parked, struct registers *registers)
{
	uint64_t deadline = sys_clock_ns(CLOCK_MONOTONIC) + 20000000000u;
	while (!registers_of(parked, registers))
		assert_true(sys_clock_ns(CLOCK_MONOTONIC) < deadline);
}

static struct stack_view view_copy(uintptr_t sp, unsigned char *copy)
{
	size_t bytes = 0;
	while (bytes < VIEW_BYTES) {
		size_t piece = 4096 - ((sp + bytes) & 4095);
		if (piece > VIEW_BYTES - bytes)
			piece = VIEW_BYTES - bytes;
		if (sys_peek(copy + bytes, sp + bytes, piece) != (long)piece)
			break;
		bytes += piece;
	}
	return (struct stack_view){.bytes = copy, .low = sp, .high = sp + bytes};
}

/* Every caller that the thread noted must be in the walk, in order, side by side. */
static void callers_expect(const struct parked *parked, const struct walk *walk)
{
	unsigned first = 0;
	while (first < walk->count && walk->frames[first] != parked->callers[parked->count - 1])
		first++;
	for (unsigned i = 0; i < parked->count; i++)
		if (first + i >= walk->count ||
			walk->frames[first + i] != parked->callers[parked->count - 1 - i]) {
			print_stack("parked", walk);
			fail_msg("caller %u of %u is missing", i, parked->count);
		}
	assert_int_equal(walk->end, WALK_WHOLE);
}

static unsigned char copy[VIEW_BYTES];

static void parked_check(struct parked *parked, bool guessed)
{
	uintptr_t frames[ROOM];
	struct walk walk = {.frames = frames, .room = ROOM};
	struct registers registers;
	parked_start(parked);

	struct stack_view view = view_copy(parked->registers.sp, copy);
	assert_true(compare_walks("copied", &parked->registers, &view) > parked->count);
	stack_walk(&parked->registers, HAVE_ALL, &view, WALK_WITH_LIBUNWIND, &walk);
	callers_expect(parked, &walk);

	parked_registers(parked, &registers);
	view = view_copy(registers.sp, copy);
	stack_walk(&registers, HAVE_PC | HAVE_SP, &view, WALK_WITH_LIBUNWIND, &walk);
	callers_expect(parked, &walk);
	assert_true(guessed ? walk.guessed >= 2 : walk.guessed != 0);
	parked_stop(parked);
}

static void test_copied_stacks(void **state)
{
	(void)state;
	static const size_t locals[] = {16, 100, 1000, 3000};
	for (size_t i = 0; i < sizeof(locals) / sizeof(locals[0]); i++) {
		struct parked one = {.descend = descend_unoptimised, .locals = locals[i]};
		struct parked two = {.descend = descend_optimised, .locals = locals[i]};
		struct parked three = {.descend = descend_mixed, .locals = locals[i]};
		struct parked four = {.descend = descend_fixed};
		parked_check(&one, true);
		/* Whether these keep a frame pointer is the compiler's choice. */
		parked_check(&two, false);
		parked_check(&three, false);
		parked_check(&four, false);
	}
}

/* A short view asks for more, at its end, and ends in the same stack. */
static void test_short_view(void **state)
{
	(void)state;
	uintptr_t frames[ROOM];
	struct walk walk = {.frames = frames, .room = ROOM};
	struct parked parked = {.descend = descend_optimised, .locals = 16};
	parked_start(&parked);
	struct stack_view view = view_copy(parked.registers.sp, copy);
	uintptr_t high = view.high;
	unsigned before = 0, asked = 0;
	for (view.high = view.low + 8; view.high < high; view.high += 8) {
		stack_walk(&parked.registers, HAVE_ALL, &view, WALK_ALONE, &walk);
		if (walk.end == WALK_WHOLE)
			break;
		assert_int_equal(walk.end, WALK_NEEDS_MORE);
		assert_true(walk.needs + 8 > view.high && walk.needs < high);
		assert_true(walk.count >= before);
		before = walk.count;
		asked++;
	}
	assert_int_equal(walk.end, WALK_WHOLE);
	callers_expect(&parked, &walk);
	assert_true(asked > DEPTH);
	parked_stop(&parked);
}

/* --- ends ------------------------------------------------------------------------------------------------ */

static void test_full(void **state)
{
	(void)state;
	struct registers registers;
	uintptr_t frames[4] = {0};
	registers_here(&registers);
	struct stack_view view = view_live(registers.sp, stack_high());
	for (unsigned room = 0; room < 4; room++) {
		struct walk walk = {.frames = frames, .room = room};
		stack_walk(&registers, HAVE_ALL, &view, WALK_ALONE, &walk);
		assert_int_equal(walk.end, WALK_FULL);
		assert_int_equal(walk.count, room);
		assert_int_equal(frames[room], 0);
	}
	assert_int_equal(frames[0], registers.pc + 1);
}

/* A stack that leads nowhere: out of all objects, downwards, in a circle. */
static void test_lost(void **state)
{
	(void)state;
	struct registers registers;
	uintptr_t frames[ROOM];
	uint64_t words[64];
	struct walk walk = {.frames = frames, .room = ROOM};
	struct stack_view view = {(unsigned char *)words, 0x1000, 0x1000 + sizeof(words), NULL};
	registers_here(&registers);
	registers.sp = registers.bp = 0x1000;
	for (int help = WALK_ALONE; help <= WALK_WITH_LIBUNWIND; help++) {
		memset(words, 0x11, sizeof(words));
		stack_walk(&registers, HAVE_ALL, &view, (enum walk_help)help, &walk);
		assert_true(walk.end == WALK_LOST || walk.end == WALK_NEEDS_MORE);
		assert_int_equal(walk.count, 1);
		for (unsigned i = 0; i < 64; i++)
			words[i] = i % 2 ? registers.pc : 0x1000;
		stack_walk(&registers, HAVE_ALL, &view, (enum walk_help)help, &walk);
		assert_true(walk.end == WALK_LOST || walk.end == WALK_NEEDS_MORE);
		assert_true(walk.count <= 64);
		registers.pc ^= 1ull << 46;
		stack_walk(&registers, HAVE_ALL, &view, (enum walk_help)help, &walk);
		assert_int_equal(walk.end, WALK_LOST);
		assert_int_equal(walk.count, 1);
		registers.pc ^= 1ull << 46;
	}
}

/* Random stacks and registers: whatever they lead to, within the array and the view. */
static void test_garbage(void **state)
{
	(void)state;
	static uint64_t words[512];
	uintptr_t frames[ROOM];
	struct registers good;
	uint64_t seed = 88172645463325252u;
	registers_here(&good);
	for (unsigned round = 0; round < 3000; round++) {
		for (unsigned i = 0; i < 512; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			uint64_t near = good.pc + (seed >> 44) - (1 << 19);
			words[i] = seed >> 62 ? near : 0x100000 + (seed >> 40) % 4096;
		}
		struct stack_view view = {(unsigned char *)words, 0x100000, 0x100000 + 4096, NULL};
		struct registers registers = {
			.pc = words[7], .sp = 0x100000, .bp = 0x100000 + 8 * (round % 99)};
		struct walk walk = {.frames = frames, .room = ROOM};
		stack_walk(&registers, round % 2 ? HAVE_ALL : HAVE_PC | HAVE_SP, &view,
			round % 4 > 1 ? WALK_WITH_LIBUNWIND : WALK_ALONE, &walk);
		assert_true(walk.count >= 1 && walk.count <= ROOM);
		assert_true(walk.guessed < (int)walk.count);
		for (unsigned i = 1; i < walk.count; i++) {
			struct module_place place;
			assert_true(module_place_find(walk.frames[i] - 1, &place));
		}
	}
}

/* --- speed ------------------------------------------------------------------------------------------------ */

static double per_frame_ns(uint64_t start, unsigned rounds, const struct walk *walk)
{
	return (double)(sys_clock_ns(CLOCK_MONOTONIC) - start) / rounds / walk->count;
}

static void speed(const char *name, const struct registers *registers,
	const struct stack_view *view, enum walk_help help)
{
	uintptr_t frames[ROOM];
	struct walk walk = {.frames = frames, .room = ROOM};
	uint64_t start;
	double cold = 0;
	for (unsigned i = 0; i < 100; i++) {
		rules_forget(0, UINTPTR_MAX);
		start = sys_clock_ns(CLOCK_MONOTONIC);
		stack_walk(registers, HAVE_ALL, view, help, &walk);
		cold += per_frame_ns(start, 100, &walk);
	}
	start = sys_clock_ns(CLOCK_MONOTONIC);
	for (unsigned i = 0; i < 20000; i++)
		stack_walk(registers, HAVE_ALL, view, help, &walk);
	print_message("# %s: %.0f ns a frame warm, %.0f cold, %u frames\n", name,
		per_frame_ns(start, 20000, &walk), cold, walk.count);
}

/* Prints; judges nothing, as the machine is shared. */
static void test_speed(void **state)
{
	(void)state;
	struct parked parked = {.descend = descend_optimised, .locals = 16};
	parked_start(&parked);
	struct stack_view view = view_copy(parked.registers.sp, copy);
	speed("alone", &parked.registers, &view, WALK_ALONE);
	speed("watcher", &parked.registers, &view, WALK_WITH_LIBUNWIND);
	parked_stop(&parked);
	print_message("# compared %lu frames, %lu of them not plain\n", frames_all, frames_unusual);
	assert_true(frames_unusual * 50 < frames_all);
}

static int prepare(void **state)
{
	(void)state;
	rules_init();
	modules_init();
	modules_begin();
	return unwind_open() ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_libunwind_helps),
		cmocka_unit_test(test_no_information),
		cmocka_unit_test(test_generated_code),
		cmocka_unit_test(test_callbacks),
		cmocka_unit_test(test_loaded_code),
		cmocka_unit_test(test_nested_handlers),
		cmocka_unit_test(test_alternate_stack),
		cmocka_unit_test(test_interrupted_anywhere),
		cmocka_unit_test(test_copied_stacks),
		cmocka_unit_test(test_short_view),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_speed),
	};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
