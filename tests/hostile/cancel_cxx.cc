/*
 * cancel_cxx.cc - a C++ thread in a wait is cancelled: destructors run, catch (...) sees the forced
 * unwinding and passes it on.
 *
 * expect: [.groups[] | select(any(.stack[]; .function // "" | test("^waiter")))] | map(.count) | add == 4
 */
#include "tests/hostile/hostile.h"

#include <condition_variable>
#include <mutex>
#include <poll.h>
#include <thread>

static std::mutex lock;
static std::condition_variable never;
static sem_t nobody;
static volatile int tids[4];
static int destroyed, caught;

struct guard {
	~guard()
	{
		destroyed++;
	}
};

static void waiter(int kind)
{
	guard guarded;
	std::unique_lock<std::mutex> hold(lock, std::defer_lock);
	tids[kind] = thread_id();
	switch (kind) {
	case 0:
		hold.lock();
		pthread_cond_wait(never.native_handle(), lock.native_handle());
		break;
	case 1:
		sem_wait(&nobody);
		break;
	case 2:
		poll(nullptr, 0, -1);
		break;
	case 3:
		sleep(3600);
		break;
	}
}

static void *run(void *kind)
{
	guard guarded;
	try {
		waiter((int)(intptr_t)kind);
	} catch (...) {
		caught++;
		throw;
	}
	return nullptr;
}

int main()
{
	pthread_t threads[4];
	void *result;
	sem_init(&nobody, 0, 0);
	for (intptr_t kind = 0; kind < 4; kind++) {
		MUST(pthread_create(&threads[kind], nullptr, run, (void *)kind) == 0);
		until_parked(&tids[kind]);
	}
	dump_here();
	for (pthread_t thread : threads) {
		MUST(pthread_cancel(thread) == 0);
		MUST(pthread_join(thread, &result) == 0);
		printf("cancelled %d, destroyed %d, caught %d\n", result == PTHREAD_CANCELED,
			destroyed, caught);
	}
	/* The lock is free again. */
	printf("lock: %d\n", lock.try_lock());
	return 0;
}
