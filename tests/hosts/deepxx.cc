/*
 * deepxx.cc - as deep.c, in C++: threads that wait in destructors, while an exception passes or not, in handlers of exceptions,
 * in lambdas, virtual functions and templates.
 */
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace
{

#define NOINLINE __attribute__((noinline))

int ends[2];
std::atomic<int> waiting;

NOINLINE void wait_cv()
{
	static std::mutex mutex;
	static std::condition_variable cv;
	std::unique_lock<std::mutex> lock(mutex);
	waiting++;
	cv.wait(lock, [] { return false; });
}

NOINLINE void wait_atomic()
{
	static std::atomic<int> atomic{0};
	waiting++;
	for (;;)
		atomic.wait(0);
}

/* By no wrapper. */
NOINLINE void wait_asm()
{
	char byte;
	long result;
	waiting++;
	do {
		__asm__ volatile("syscall"
				 : "=a"(result)
				 : "a"(SYS_read), "D"(ends[0]), "S"(&byte), "d"(1)
				 : "rcx", "r11", "memory");
	} while (result);
}

using way = void (*)();
const way ways[] = {wait_cv, wait_atomic, wait_asm};

struct waits_when_destroyed {
	way the_way;
	std::string text = "a string with a destructor of its own, on the heap";
	NOINLINE ~waits_when_destroyed()
	{
		the_way();
	}
};

NOINLINE void shape_destructor(way way)
{
	waits_when_destroyed object{way};
	if (object.text.empty())
		throw std::runtime_error("never");
}

NOINLINE void throws(int depth)
{
	std::string text(static_cast<size_t>(depth) + 20, 'x');
	if (!depth)
		throw std::runtime_error(text);
	throws(depth - 1);
	if (text.empty())
		puts(text.c_str());
}

NOINLINE void shape_unwinding(way way)
{
	try {
		waits_when_destroyed object{way};
		throws(5);
	} catch (const std::exception &) {
		puts("not reached");
	}
}

NOINLINE void shape_catch(way way)
{
	try {
		throws(5);
	} catch (const std::exception &caught) {
		way();
		puts(caught.what());
	}
}

NOINLINE void shape_lambda(way way)
{
	std::vector<std::function<void()>> calls;
	std::string text = "kept";
	calls.push_back([way, text] {
		way();
		if (text.empty())
			puts("never");
	});
	for (auto &call : calls)
		call();
}

struct base {
	virtual ~base() = default;
	virtual void run(way way) = 0;
};

template <typename T, int DEPTH> struct derived : base {
	NOINLINE void run(way way) override
	{
		derived<T, DEPTH - 1> next;
		T values[16]{};
		next.run(way);
		__asm__ volatile("" : : "r"(values) : "memory");
	}
};

template <typename T> struct derived<T, 0> : base {
	NOINLINE void run(way way) override
	{
		way();
		__asm__ volatile("");
	}
};

NOINLINE void shape_virtual(way way)
{
	std::unique_ptr<base> object = std::make_unique<derived<std::pair<int, double>, 12>>();
	object->run(way);
}

using shape = void (*)(way);
const shape shapes[] = {
	shape_destructor, shape_unwinding, shape_catch, shape_lambda, shape_virtual};

NOINLINE void worker(shape shape, way way)
{
	shape(way);
	__asm__ volatile("");
}

} // namespace

int main()
{
	int count = 0;
	if (pipe(ends) != 0)
		return 1;
	for (shape shape : shapes)
		for (way way : ways) {
			std::thread(worker, shape, way).detach();
			count++;
		}
	while (waiting < count)
		usleep(1000);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
