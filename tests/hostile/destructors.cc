/*
 * destructors.cc - waits and thread creations in the destructors of thread-local objects, of pthread keys,
 * in exit handlers and in destructors of static objects: after the shim has let go of the thread, and
 * after its own exit handler.
 */
#include "tests/hostile/hostile.h"

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

static std::mutex print;
static int counts[8];

static void note(int what)
{
	std::lock_guard<std::mutex> hold(print);
	counts[what]++;
}

/* A wait, a thread and its join. */
static void work(int what)
{
	std::mutex lock;
	std::condition_variable cond;
	std::unique_lock<std::mutex> hold(lock);
	cond.wait_for(hold, std::chrono::microseconds(10));
	std::thread(note, what).join();
}

struct local {
	int what;
	~local()
	{
		work(what);
	}
};

struct statically {
	~statically()
	{
		work(1);
		printf("static: %d %d %d %d %d\n", counts[0], counts[1], counts[2], counts[3],
			counts[4]);
		fflush(stdout);
	}
};

static statically last;
static thread_local local mine{0};
static pthread_key_t key;

/* Four rounds, as many as there are. */
static void on_key(void *value)
{
	intptr_t round = (intptr_t)value;
	work(2);
	pthread_setspecific(key, (void *)(round + 1));
}

static void *run(void *unused)
{
	mine.what = 0;
	pthread_setspecific(key, (void *)1);
	return unused;
}

static void at_exit()
{
	work(3);
	pthread_t thread;
	pthread_create(&thread, nullptr, run, nullptr);
	pthread_join(thread, nullptr);
}

int main()
{
	pthread_key_create(&key, on_key);
	atexit(at_exit);
	for (int i = 0; i < 20; i++) {
		pthread_t threads[4];
		for (pthread_t &thread : threads)
			MUST(pthread_create(&thread, nullptr, run, nullptr) == 0);
		for (pthread_t thread : threads)
			MUST(pthread_join(thread, nullptr) == 0);
	}
	auto future = std::async(std::launch::async, [] { work(4); });
	future.get();
	mine.what = 5;
	return 3;
}
