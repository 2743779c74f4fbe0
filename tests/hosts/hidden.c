/*
 * hidden.c - a thread waits for an object that nobody knows any more, or that one place alone still knows.
 *
 *	hidden KIND [PLUGIN]	prints "ready", waits for SIGTERM, and exits
 *	hidden --list		the kinds, each with what a proof must say of the waiting thread
 *
 * Everything is arranged by a thread that ends, so that no stack in use ever held the address. Kinds of the first
 * family leave nothing: the wait can never end, and that must be proven. Those of the second leave one place; the
 * waiting thread must be told to be reached by it, or to be unreachable with the reason why that is not certain.
 * "NOISE" in the environment adds threads that come, go, and sleep.
 *
 * build: -ldl -lrt
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct box {
	char before[48];
	sem_t sem;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	pthread_rwlock_t rwlock;
	pthread_barrier_t barrier;
	_Atomic int futex;
	struct box *other;
	char after[48];
};

static _Atomic int waiting;
static const char *plugin;

static void must(bool done, const char *what)
{
	if (done)
		return;
	perror(what);
	_exit(3);
}

/* --- threads ------------------------------------------------------------------------------------------ */

static pthread_t thread_begin(void *(*routine)(void *), void *argument)
{
	pthread_t thread;
	must(pthread_create(&thread, NULL, routine, argument) == 0, "pthread_create");
	return thread;
}

static void spawn(void *(*routine)(void *), void *argument)
{
	pthread_detach(thread_begin(routine, argument));
}

static void *wait_sem(void *argument)
{
	struct box *box = argument;
	waiting++;
	while (sem_wait(&box->sem))
		;
	return NULL;
}

static void *wait_cond(void *argument)
{
	struct box *box = argument;
	pthread_mutex_lock(&box->mutex);
	waiting++;
	for (;;)
		pthread_cond_wait(&box->cond, &box->mutex);
	return NULL;
}

static void *wait_mutex(void *argument)
{
	struct box *box = argument;
	waiting++;
	pthread_mutex_lock(&box->mutex);
	return NULL;
}

static void *wait_rwlock(void *argument)
{
	struct box *box = argument;
	waiting++;
	pthread_rwlock_rdlock(&box->rwlock);
	return NULL;
}

static void *wait_barrier(void *argument)
{
	struct box *box = argument;
	waiting++;
	pthread_barrier_wait(&box->barrier);
	return NULL;
}

static void *wait_futex(void *argument)
{
	struct box *box = argument;
	waiting++;
	for (;;)
		syscall(SYS_futex, &box->futex, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	return NULL;
}

static void *wait_own(void *unused)
{
	sem_t sem;
	sem_init(&sem, 0, 0);
	waiting++;
	while (sem_wait(&sem))
		;
	return unused;
}

static void *wait_join(void *argument)
{
	pthread_t thread;
	memcpy(&thread, &argument, sizeof thread);
	waiting++;
	pthread_join(thread, NULL);
	return NULL;
}

static void *lock_and_end(void *argument)
{
	struct box *box = argument;
	pthread_mutex_lock(&box->mutex);
	pthread_rwlock_wrlock(&box->rwlock);
	return NULL;
}

static struct box *box_make(size_t bytes)
{
	struct box *box = calloc(1, bytes);
	must(box != NULL, "calloc");
	sem_init(&box->sem, 0, 0);
	pthread_mutex_init(&box->mutex, NULL);
	pthread_cond_init(&box->cond, NULL);
	pthread_rwlock_init(&box->rwlock, NULL);
	pthread_barrier_init(&box->barrier, NULL, 2);
	return box;
}

static struct box *box_waited(void)
{
	struct box *box = box_make(sizeof *box);
	spawn(wait_sem, box);
	return box;
}

/* --- places ------------------------------------------------------------------------------------------- */

static void *volatile cell; /* of places that are static */
static volatile char packed[24];
static pthread_key_t keys[64];
static __thread void *volatile local;

static void nothing(struct box *box)
{
	(void)box;
}

static void in_static(struct box *box)
{
	cell = box;
}

static void in_middle(struct box *box)
{
	cell = box->after;
}

static void in_tagged(struct box *box)
{
	cell = (void *)((uintptr_t)box | (uintptr_t)0xbeef << 48);
}

static void in_odd(struct box *box)
{
	memcpy((char *)packed + 3, &box, sizeof box);
}

/* As setjmp() keeps the registers that unwinding needs. */
static void in_mangled(struct box *box)
{
	uintptr_t guard, word;
	__asm__("movq %%fs:0x30, %0" : "=r"(guard));
	word = (uintptr_t)box ^ guard;
	cell = (void *)(word << 17 | word >> 47);
}

static void in_heap(struct box *box)
{
	void *volatile *first = malloc(100), *volatile *second = malloc(200);
	first[5] = (void *)second;
	second[7] = box;
	cell = (void *)first;
}

static void in_plugin(struct box *box)
{
	void *library = dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
	void **place = library ? dlsym(library, "plugin_cell") : NULL;
	must(place != NULL, "dlopen");
	*place = box;
}

static void **page(int flags, int fd)
{
	void *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, flags, fd, 0);
	must(memory != MAP_FAILED, "mmap");
	return memory;
}

static void in_mapping(struct box *box)
{
	page(MAP_PRIVATE | MAP_ANONYMOUS, -1)[100] = box;
}

static void in_closed(struct box *box)
{
	void **memory = page(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	memory[100] = box;
	must(mprotect(memory, 8192, PROT_NONE) == 0, "mprotect");
}

/* Touched in one page of very many. */
static void in_sparse(struct box *box)
{
	size_t bytes = (size_t)1 << 36;
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must(memory != MAP_FAILED, "mmap");
	memcpy(memory + bytes / 2 + 4096 * 3 + 16, &box, sizeof box);
}

static void in_shared(struct box *box)
{
	page(MAP_SHARED | MAP_ANONYMOUS, -1)[100] = box;
}

static void in_file(struct box *box)
{
	char name[] = "/var/tmp/hidden.XXXXXX";
	int fd = mkstemp(name);
	must(fd >= 0 && unlink(name) == 0 && ftruncate(fd, 8192) == 0, "mkstemp");
	page(MAP_SHARED, fd)[100] = box;
}

static void in_unforked(struct box *box)
{
	void **memory = page(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	memory[100] = box;
	must(madvise(memory, 8192, MADV_DONTFORK) == 0, "madvise");
}

static void in_wiped(struct box *box)
{
	void **memory = page(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	memory[100] = box;
	must(madvise(memory, 8192, MADV_WIPEONFORK) == 0, "madvise");
}

static void in_epoll(struct box *box)
{
	int ends[2], set = epoll_create1(0);
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = box};
	must(pipe(ends) == 0 && epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event) == 0, "epoll");
}

static void in_eventfd(struct box *box)
{
	uint64_t count = (uintptr_t)box;
	must(write(eventfd(0, 0), &count, sizeof count) == sizeof count, "eventfd");
}

static void in_timer(struct box *box)
{
	timer_t timer;
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_ptr = box};
	struct itimerspec far = {.it_value.tv_sec = 100000};
	must(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 &&
			timer_settime(timer, 0, &far, NULL) == 0,
		"timer_create");
}

static void in_pipe(struct box *box)
{
	int ends[2];
	must(pipe(ends) == 0 && write(ends[1], &box, sizeof box) == sizeof box, "pipe");
}

static void in_socket(struct box *box)
{
	int ends[2];
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 &&
			write(ends[1], &box, sizeof box) == sizeof box,
		"socketpair");
}

static void in_loopback(struct box *box)
{
	struct sockaddr_in name = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof name;
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	must(bind(listener, (struct sockaddr *)&name, bytes) == 0 && listen(listener, 1) == 0 &&
			getsockname(listener, (struct sockaddr *)&name, &bytes) == 0 &&
			connect(client, (struct sockaddr *)&name, bytes) == 0,
		"connect");
	must(accept(listener, NULL, NULL) >= 0 && write(client, &box, sizeof box) == sizeof box,
		"accept");
}

static void in_queue(struct box *box)
{
	struct {
		long type;
		struct box *box;
	} message = {1, box};
	int queue = msgget(IPC_PRIVATE, 0600);
	must(queue >= 0 && msgsnd(queue, &message, sizeof message.box, 0) == 0, "msgsnd");
	printf("queue %d\n", queue);
}

static void in_signal(struct box *box)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_ptr = box}) == 0, "sigqueue");
}

/* --- threads that keep it ------------------------------------------------------------------------------- */

static void *keep_local(void *argument)
{
	local = argument;
	waiting++;
	for (argument = NULL;;)
		pause();
	return NULL;
}

static void *keep_specific(void *argument)
{
	/* The last is behind those that a thread has room for. */
	pthread_setspecific(keys[63], argument);
	waiting++;
	for (argument = NULL;;)
		pause();
	return NULL;
}

static void *keep_specific_first(void *argument)
{
	pthread_setspecific(keys[0], argument);
	waiting++;
	for (argument = NULL;;)
		pause();
	return NULL;
}

/* In r12 alone: in a wait that is seen, in one that is not, in a loop. */
void *keep_register(void *argument), *keep_unseen(void *argument), *keep_running(void *argument);
__asm__(".text\n"
	"keep_register:\n"
	"	movq %rdi, %r12\n"
	"	lock incl waiting(%rip)\n"
	"	subq $8, %rsp\n"
	"1:	xorl %edi, %edi\n"
	"	call pause@PLT\n"
	"	jmp 1b\n"
	"keep_unseen:\n"
	"	movq %rdi, %r12\n"
	"	lock incl waiting(%rip)\n"
	"	xorl %edi, %edi\n"
	"1:	movl $34, %eax\n"
	"	syscall\n"
	"	jmp 1b\n"
	"keep_running:\n"
	"	movq %rdi, %r12\n"
	"	lock incl waiting(%rip)\n"
	"	xorl %edi, %edi\n"
	"1:	pause\n"
	"	jmp 1b\n"
	".globl keep_register, keep_unseen, keep_running\n");

static void in_local(struct box *box)
{
	spawn(keep_local, box);
}

static void in_specific(struct box *box)
{
	spawn(keep_specific, box);
}

static void in_specific_first(struct box *box)
{
	spawn(keep_specific_first, box);
}

static void in_register(struct box *box)
{
	spawn(keep_register, box);
}

static void in_unseen(struct box *box)
{
	spawn(keep_unseen, box);
}

static void in_running(struct box *box)
{
	spawn(keep_running, box);
}

static _Atomic(struct box *) handed;

static void handler_keep(int number)
{
	struct box *volatile kept = atomic_exchange(&handed, NULL);
	(void)number;
	waiting++;
	while (kept)
		pause();
}

/* In a handler, on a stack of which only the kernel knows. */
static void *keep_handler(void *unused)
{
	stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
	sigaltstack(&stack, NULL);
	stack.ss_sp = NULL;
	raise(SIGUSR2);
	return unused;
}

static void in_handler(struct box *box)
{
	struct sigaction action = {.sa_handler = handler_keep, .sa_flags = SA_ONSTACK | SA_RESTART};
	sigaction(SIGUSR2, &action, NULL);
	handed = box;
	spawn(keep_handler, NULL);
}

static void *keep_owned(void *argument)
{
	struct box *box = argument;
	pthread_mutex_lock(&box->mutex);
	waiting++;
	for (argument = box = NULL;;)
		pause();
	return NULL;
}

static void *keep_nothing(void *unused)
{
	waiting++;
	for (;;)
		pause();
	return unused;
}

static void on_nothing(int number)
{
	(void)number;
}

/* --- the kinds: what is waited for, where it is kept --------------------------------------------------- */

static void leave_sem(void)
{
	box_waited();
}

static void leave_cond(void)
{
	spawn(wait_cond, box_make(sizeof(struct box)));
}

/* What a thread that has ended still owns. */
static void leave_owned(void *(*routine)(void *))
{
	struct box *box = box_make(sizeof *box);
	pthread_join(thread_begin(lock_and_end, box), NULL);
	spawn(routine, box);
}

static void leave_mutex(void)
{
	leave_owned(wait_mutex);
}

static void leave_rwlock(void)
{
	leave_owned(wait_rwlock);
}

static void leave_barrier(void)
{
	spawn(wait_barrier, box_make(sizeof(struct box)));
}

static void leave_futex(void)
{
	spawn(wait_futex, box_make(sizeof(struct box)));
}

static void leave_own(void)
{
	spawn(wait_own, NULL);
}

static void leave_join(void)
{
	pthread_t thread = thread_begin(wait_sem, box_make(sizeof(struct box)));
	void *argument;
	memcpy(&argument, &thread, sizeof argument);
	spawn(wait_join, argument);
}

/* Two that know each other. */
static void leave_circle(void)
{
	struct box *one = box_waited(), *two = box_waited();
	one->other = two;
	two->other = one;
}

static void leave_large(void)
{
	spawn(wait_sem, box_make((size_t)1 << 20));
}

/* In a block that was freed since. */
static void leave_freed(void)
{
	void **freed = malloc(sizeof(void *) * 200);
	struct box *box = box_waited();
	for (int i = 0; i < 200; i++)
		freed[i] = box;
	free(freed);
}

/* Behind an end of the program that has no way to call pthread_cancel(), the handle would not matter. */
static pthread_t handle;

static void leave_handle(void)
{
	handle = thread_begin(wait_sem, box_make(sizeof(struct box)));
}

static void handler_install(int flags)
{
	struct sigaction action = {.sa_handler = on_nothing, .sa_flags = flags};
	sigaction(SIGUSR2, &action, NULL);
}

static void leave_interrupted(void)
{
	handler_install(0);
	box_waited();
}

static void *wait_known(void *argument)
{
	local = argument;
	return wait_sem(argument);
}

static void leave_known(void)
{
	handler_install(SA_RESTART);
	spawn(wait_known, box_make(sizeof(struct box)));
}

/* A program that puts its system calls under a filter of its own. */
static void leave_filtered(void)
{
	struct sock_filter pass = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog filter = {1, &pass};
	box_waited();
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0,
		"seccomp");
}

static void leave_gone(void)
{
	struct box *box = box_waited();
	while (!waiting)
		usleep(1000);
	usleep(20000);
	free(box);
}

static void leave_owner(void)
{
	struct box *box = box_make(sizeof *box);
	spawn(keep_owned, box);
	while (!waiting)
		usleep(1000);
	spawn(wait_mutex, box);
}

static void leave_joined(void)
{
	pthread_t thread = thread_begin(keep_nothing, NULL);
	void *argument;
	memcpy(&argument, &thread, sizeof argument);
	spawn(wait_join, argument);
}

/* Name, threads that wait or keep, who arranges it or where a waiting thread's box is kept, what must be said. */
#define LEFT(name, threads, says)                                                                  \
	{                                                                                          \
#name, threads, leave_##name, nothing, says                                        \
	}
#define KEPT(name, threads, says)                                                                  \
	{                                                                                          \
#name, threads, NULL, in_##name, says                                              \
	}
static const struct kind {
	const char *name;
	int threads;
	void (*leave)(void);
	void (*keep)(struct box *box);
	const char *says;
} kinds[] = {
	LEFT(sem, 1, "proven"),
	LEFT(cond, 1, "proven"),
	LEFT(mutex, 1, "proven"),
	LEFT(rwlock, 1, "proven"),
	LEFT(barrier, 1, "proven"),
	LEFT(futex, 1, "proven"),
	LEFT(own, 1, "proven"),
	LEFT(join, 2, "proven"),
	LEFT(circle, 2, "proven"),
	LEFT(large, 1, "proven"),
	LEFT(freed, 1, "proven"),
	LEFT(handle, 1, "handle"),
	LEFT(interrupted, 1, "interruptible"),
	LEFT(known, 1, "interruptible"),
	LEFT(gone, 1, "unmeasured freed"),
	LEFT(filtered, 1, "unmeasured filtered"),
	LEFT(owner, 2, "reached thread"),
	LEFT(joined, 2, "reached thread"),
	KEPT(static, 1, "reached static"),
	KEPT(middle, 1, "reached static"),
	KEPT(tagged, 1, "reached static"),
	KEPT(odd, 1, "reached static"),
	KEPT(mangled, 1, "reached static"),
	KEPT(heap, 1, "reached static"),
	KEPT(plugin, 1, "reached static"),
	KEPT(mapping, 1, "reached anonymous"),
	KEPT(closed, 1, "reached anonymous"),
	KEPT(sparse, 1, "reached anonymous"),
	KEPT(shared, 1, "reached shared"),
	KEPT(file, 1, "reached shared"),
	KEPT(unforked, 1, "withheld"),
	KEPT(wiped, 1, "withheld"),
	KEPT(epoll, 1, "reached epoll"),
	KEPT(eventfd, 1, "reached eventfd"),
	KEPT(timer, 1, "reached timer"),
	KEPT(pipe, 1, "queued"),
	KEPT(socket, 1, "queued"),
	KEPT(loopback, 1, "queued"),
	KEPT(queue, 1, "queued"),
	KEPT(signal, 1, "signals"),
	KEPT(local, 2, "reached local"),
	KEPT(specific, 2, "reached"),
	KEPT(specific_first, 2, "reached local"),
	KEPT(register, 2, "reached"),
	KEPT(handler, 2, "reached"),
	KEPT(unseen, 2, "registers"),
	KEPT(running, 2, "ran"),
};

/* --- the program --------------------------------------------------------------------------------------- */

static void *arrange(void *argument)
{
	const struct kind *kind = argument;
	if (kind->leave)
		kind->leave();
	else
		kind->keep(box_waited());
	return NULL;
}

static void *come_and_go(void *unused)
{
	return unused;
}

static void *make_noise(void *unused)
{
	for (;;) {
		usleep(3000);
		pthread_join(thread_begin(come_and_go, NULL), NULL);
		free(malloc(3000));
	}
	return unused;
}

static const struct kind *kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct kind *kind = argc > 1 ? kind_find(argv[1]) : NULL;
	for (size_t i = 0;
		argc > 1 && !strcmp(argv[1], "--list") && i < sizeof kinds / sizeof *kinds; i++)
		printf("%s\t%s\n", kinds[i].name, kinds[i].says);
	if (!kind)
		return 0;
	plugin = argc > 2 ? argv[2] : "";
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		pthread_key_create(&keys[i], NULL);
	sigset_t blocked, waited;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigaddset(&blocked, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	for (int i = 0; getenv("NOISE") && i < 2; i++)
		spawn(make_noise, NULL);
	pthread_join(thread_begin(arrange, (void *)kind), NULL);
	while (waiting < kind->threads)
		usleep(1000);
	printf("ready\n");
	fflush(stdout);
	/* So that the name is known to the program. */
	if (argc > 100)
		pthread_cancel(handle);
	sigemptyset(&waited);
	sigaddset(&waited, SIGTERM);
	int number;
	sigwait(&waited, &number);
	exit(0);
}
