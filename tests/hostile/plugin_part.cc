/*
 * plugin_part.cc - the plugin of plugin.c. build: -shared -fPIC
 */
#include "tests/hostile/hostile.h"

#include <condition_variable>
#include <mutex>

namespace
{
struct guard {
	void (*say)(void);
	~guard()
	{
		say();
	}
};
std::mutex lock;
std::condition_variable never;
} // namespace

extern "C" __attribute__((noinline)) void plugin_wait()
{
	std::unique_lock<std::mutex> hold(lock);
	pthread_cond_wait(never.native_handle(), lock.native_handle());
}

extern "C" void plugin_run(void (*say)(void), volatile int *tid)
{
	guard guarded{say};
	*tid = thread_id();
	for (;;)
		plugin_wait();
}
