/*
 * parkxx.cc - as park.c, for what the C++ library waits in: a thread in each, one function each, and what a report
 * should say of it. The lines of its output are those of park.c.
 *
 *	parkxx		parks all, prints what is expected, then "ready"
 *	parkxx --list	the names of all
 */
#include <atomic>
#include <barrier>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <future>
#include <latch>
#include <mutex>
#include <pthread.h>
#include <semaphore>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <thread>
#include <unistd.h>

/* SPOT(name, wait, timed) */
#define SPOTS                                                                                      \
	SPOT(mutex, "mutex_lock", 0)                                                               \
	SPOT(recurs_mutex, "mutex_lock", 0)                                                        \
	SPOT(timed_mutex, "mutex_lock", 1)                                                         \
	SPOT(shared_lock, "rwlock_rdlock", 0)                                                      \
	SPOT(shared_excl, "rwlock_wrlock", 0)                                                      \
	SPOT(shared_timed, "rwlock_wrlock", 1)                                                     \
	SPOT(cv_wait, "cond_wait", 0)                                                              \
	SPOT(cv_wait_for, "cond_wait", 1)                                                          \
	SPOT(cv_wait_until, "cond_wait", 1)                                                        \
	SPOT(cv_any, "cond_wait", 0)                                                               \
	SPOT(future, "futex", 0)                                                                   \
	SPOT(future_for, "futex", 1)                                                               \
	SPOT(async, "join", 0)                                                                     \
	SPOT(atomic_wait, "futex", 0)                                                              \
	SPOT(atomic_large, "futex", 0)                                                             \
	SPOT(semaphore, "futex", 0)                                                                \
	SPOT(semaphore_for, "futex", 1)                                                            \
	SPOT(latch, "futex", 0)                                                                    \
	SPOT(barrier, "futex", 0)                                                                  \
	SPOT(thread_join, "join", 0)                                                               \
	SPOT(jthread, "join", 0)                                                                   \
	SPOT(call_once, "once", 0)                                                                 \
	SPOT(once_heir, "sigwait", 0)                                                              \
	SPOT(sleep_for, "nanosleep", 1)

namespace
{

struct spot {
	const char *name, *wait;
	int timed;
	void (*park)();
	std::string object;
	std::atomic<bool> placed;
};

#define SPOT(name, wait, timed) void park_##name();
SPOTS
#undef SPOT

spot spots[] = {
#define SPOT(name, wait, timed) {#name, wait, timed, park_##name, "-", false},
	SPOTS
#undef SPOT
};

thread_local spot *here;
const std::chrono::hours far{24};

void on(const volatile void *object)
{
	char text[32];
	snprintf(text, sizeof text, "%p", const_cast<const void *>(object));
	here->object = text;
}

void on_some()
{
	here->object = "0x[0-9a-f]+";
}

void on_thread()
{
	here->object = "thread:[1-9][0-9]*";
}

void stay()
{
	for (;;)
		pause();
}

/* What came back from its wait is never seen there. */
void came_back()
{
	fprintf(stderr, "parkxx: %s came back\n", here->name);
	exit(1);
}

#define PARK(call)                                                                                 \
	do {                                                                                       \
		here->placed = true;                                                               \
		call;                                                                              \
		__asm__ volatile("");                                                              \
		came_back();                                                                       \
	} while (0)

#define PARKING __attribute__((noinline)) void

/* --- locks, held by the main thread ----------------------------------------------------------------- */

std::mutex mutex;
std::recursive_mutex recursive;
std::timed_mutex timed;
std::shared_mutex shared;
std::shared_timed_mutex shared_timed;

void locks_hold()
{
	mutex.lock();
	recursive.lock();
	timed.lock();
	shared.lock();
	shared_timed.lock();
}

PARKING park_mutex()
{
	on(mutex.native_handle());
	PARK(mutex.lock());
}

PARKING park_recurs_mutex()
{
	on(recursive.native_handle());
	PARK(recursive.lock());
}

PARKING park_timed_mutex()
{
	on(timed.native_handle());
	PARK((void)timed.try_lock_for(far));
}

PARKING park_shared_lock()
{
	on(shared.native_handle());
	PARK(shared.lock_shared());
}

PARKING park_shared_excl()
{
	on(shared.native_handle());
	PARK(shared.lock());
}

PARKING park_shared_timed()
{
	on(&shared_timed);
	PARK((void)shared_timed.try_lock_for(far));
}

/* --- condition variables ---------------------------------------------------------------------------- */

#define CV_SPOT(name, call)                                                                        \
	PARKING park_##name()                                                                      \
	{                                                                                          \
		std::mutex guard;                                                                  \
		std::condition_variable cv;                                                        \
		std::unique_lock<std::mutex> lock(guard);                                          \
		on(cv.native_handle());                                                            \
		PARK(call);                                                                        \
	}
CV_SPOT(cv_wait, cv.wait(lock))
CV_SPOT(cv_wait_for, cv.wait_for(lock, far))
CV_SPOT(cv_wait_until, cv.wait_until(lock, std::chrono::system_clock::now() + far))

PARKING park_cv_any()
{
	std::mutex guard;
	std::condition_variable_any cv;
	std::unique_lock<std::mutex> lock(guard);
	on_some();
	PARK(cv.wait(lock));
}

/* --- futures ---------------------------------------------------------------------------------------- */

PARKING park_future()
{
	std::promise<int> promise;
	auto future = promise.get_future();
	on_some();
	PARK((void)future.get());
}

PARKING park_future_for()
{
	std::promise<int> promise;
	auto future = promise.get_future();
	on_some();
	PARK((void)future.wait_for(far));
}

PARKING park_async()
{
	auto future = std::async(std::launch::async, stay);
	on_thread();
	PARK(future.get());
}

/* --- C++20 ------------------------------------------------------------------------------------------ */

PARKING park_atomic_wait()
{
	std::atomic<int> atomic{1};
	on(&atomic);
	PARK(atomic.wait(1));
}

/* One that is not of a futex's size waits on another's word. */
PARKING park_atomic_large()
{
	std::atomic<long> atomic{1};
	on_some();
	PARK(atomic.wait(1));
}

PARKING park_semaphore()
{
	std::counting_semaphore<8> semaphore{0};
	on_some();
	PARK(semaphore.acquire());
}

PARKING park_semaphore_for()
{
	std::binary_semaphore semaphore{0};
	on_some();
	PARK((void)semaphore.try_acquire_for(far));
}

PARKING park_latch()
{
	std::latch latch{2};
	on_some();
	PARK(latch.arrive_and_wait());
}

PARKING park_barrier()
{
	std::barrier<> barrier{2};
	on_some();
	PARK(barrier.arrive_and_wait());
}

/* --- threads, once ---------------------------------------------------------------------------------- */

PARKING park_thread_join()
{
	std::thread thread(stay);
	on_thread();
	PARK(thread.join());
}

PARKING park_jthread()
{
	std::jthread thread(stay);
	on_thread();
	PARK(thread.join());
}

std::once_flag flag, failing;
std::atomic<int> inside;
std::binary_semaphore fail{0};

void initialise()
{
	inside++;
	stay();
}

PARKING park_call_once()
{
	std::thread([] { std::call_once(flag, initialise); }).detach();
	while (!inside)
		std::this_thread::yield();
	on_some();
	PARK(std::call_once(flag, initialise));
}

std::atomic<int> tries;

void initialise_badly()
{
	if (tries++)
		stay(); /* the heir */
	fail.acquire();
	throw std::runtime_error("no");
}

/* The first to initialise fails with an exception; the one who waited for it does it then. */
PARKING park_once_heir()
{
	std::thread([] {
		try {
			std::call_once(failing, initialise_badly);
		} catch (const std::runtime_error &) {
			stay();
		}
		puts("no exception came through");
		exit(1);
	}).detach();
	while (!tries)
		std::this_thread::yield();
	std::thread([] {
		/* The heir waits by now, or is about to: both ways lead to the same. */
		usleep(50000);
		fail.release();
	}).detach();
	PARK(std::call_once(failing, initialise_badly));
}

PARKING park_sleep_for()
{
	PARK(std::this_thread::sleep_for(far));
}

/* --- all of them ------------------------------------------------------------------------------------ */

__attribute__((noinline)) void *worker(void *argument)
{
	here = static_cast<spot *>(argument);
	prctl(PR_SET_NAME, here->name);
	here->park();
	__asm__ volatile("");
	return nullptr;
}

} // namespace

int main(int argc, char **argv)
{
	bool list = argc == 2 && !strcmp(argv[1], "--list");
	if (!list)
		locks_hold();
	for (spot &spot : spots) {
		pthread_t thread;
		if (list) {
			puts(spot.name);
			continue;
		}
		if (pthread_create(&thread, nullptr, worker, &spot) != 0)
			return 1;
		while (!spot.placed)
			std::this_thread::yield();
		printf("%s\t%s\t%d\t%s\tpark_%s,worker\t-\n", spot.name, spot.wait, spot.timed,
			spot.object.c_str(), spot.name);
	}
	if (list)
		return 0;
	puts("ready");
	fflush(stdout);
	stay();
}
