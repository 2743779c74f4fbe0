/*
 * cancel_cxx.cc - a C++ thread in a wait is cancelled: destructors run, catch (...) sees the forced
 * unwinding and passes it on.
 *
 * expect: [.groups[] | select(any(.stack[]; .function // "" | test("^waiter")))] | map(.count) | add == 7
 */
#include "tests/hostile/hostile.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <poll.h>
#include <thread>

static std::mutex lock;
static std::condition_variable never;
static sem_t nobody;
#define KINDS 7
static volatile int tids[KINDS];
static int ends[2];
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
	case 4:
		hold.lock();
		never.wait_for(hold, std::chrono::hours(1));
		break;
	case 5:
		std::this_thread::sleep_for(std::chrono::hours(1));
		break;
	case 6:
		char byte;
		MUST(read(ends[0], &byte, 1) == 1);
		break;
	}
}

static void *wait_strictly(void *unused)
{
	std::unique_lock<std::mutex> hold(lock);
	tids[0] = thread_id();
	never.wait(hold);
	return unused;
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
	pthread_t threads[KINDS];
	void *result;
	sem_init(&nobody, 0, 0);
	MUST(pipe(ends) == 0);
	for (intptr_t kind = 0; kind < KINDS; kind++) {
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
	/* The library's own function promises that nothing passes through it. */
	pid_t child = fork();
	if (child == 0) {
		tids[0] = 0;
		MUST(pthread_create(&threads[0], nullptr, wait_strictly, nullptr) == 0);
		until_parked(&tids[0]);
		pthread_cancel(threads[0]);
		pthread_join(threads[0], nullptr);
		_exit(0);
	}
	child_report("without exceptions", child);
	/* The lock is free again. */
	printf("lock: %d\n", lock.try_lock());
	return 0;
}
