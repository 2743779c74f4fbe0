/*
 * cxx-queue-unclosed.cc - a worker object whose destructor detaches its thread and does not notify it.
 *
 * class: cxx
 * cause: no stop flag, no notify
 * expect: growing|never woken
 * where: work|cxx_request
 * unreachable: yes
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

struct State {
	std::mutex mutex;
	std::condition_variable changed;
	bool stop = false;
};

static void work(std::shared_ptr<State> state)
{
	std::unique_lock lock(state->mutex);
	state->changed.wait(lock, [&] { return state->stop; });
}

class Worker
{
      public:
	explicit Worker(bool leaks)
	    : leak(leaks), state(std::make_shared<State>()), thread(work, state)
	{
	}

	~Worker()
	{
		if (!leak) {
			std::lock_guard lock(state->mutex);
			state->stop = true;
			state->changed.notify_all();
		}
		thread.detach();
	}

      private:
	bool leak;
	std::shared_ptr<State> state;
	std::thread thread;
};

static void cxx_request(bool leak)
{
	Worker worker(leak);
	sleep_ms(1);
}

const struct pattern pattern = {
	.start = nullptr, .request = cxx_request, .requests = 0, .company = COMPANY_BATCH};
