/*
 * cxx-semaphore.cc - waits on a std::binary_semaphore that is released on success only.
 *
 * class: cxx
 * cause: an exception skips the release
 * expect: growing|never woken
 * where: transfer_await|cxx_request
 * unreachable: yes
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <semaphore>
#include <stdexcept>
#include <thread>

static void transfer_run(std::binary_semaphore &done, bool fails)
{
	if (fails)
		throw std::runtime_error("disk full");
	done.release();
}

static void transfer_await(std::binary_semaphore *done)
{
	done->acquire();
}

static void cxx_request(bool leak)
{
	auto *done = new std::binary_semaphore(0);
	std::thread(transfer_await, done).detach();
	sleep_ms(1);
	try {
		transfer_run(*done, leak);
	} catch (const std::exception &) {
	}
}

const struct pattern pattern = {
	.start = nullptr, .request = cxx_request, .requests = 0, .company = COMPANY_NETWORK};
