/*
 * cxx-promise-unset.cc - callers wait for futures whose promises stay in a table, unset.
 *
 * class: cxx
 * cause: a reply with an unknown number is dropped
 * expect: growing|never woken
 * where: future_await
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <future>
#include <map>
#include <thread>

static std::map<unsigned, std::promise<int>> calls;

static void future_await(std::future<int> answer)
{
	answer.wait();
}

static void request(bool leak)
{
	static unsigned number;
	std::promise<int> &call = calls[number++];
	std::thread(future_await, call.get_future()).detach();
	if (!leak)
		call.set_value(1);
}

const struct pattern pattern = {
	.start = nullptr, .request = request, .requests = 0, .company = COMPANY_SERVICE};
