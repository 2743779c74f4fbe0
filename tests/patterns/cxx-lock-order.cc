/*
 * cxx-lock-order.cc - two std::unique_lock in opposite orders, where std::scoped_lock takes both.
 *
 * class: cxx
 * cause: no order of locks
 * expect: deadlock
 * where: swap_entries
 * unreachable: no
 */
#include "tests/patterns/lib/company.h"
#include "tests/patterns/lib/pattern.h"

#include <mutex>
#include <thread>

static std::mutex left, right;

static void swap_entries(std::mutex &one, std::mutex &other, bool leak)
{
	if (!leak) {
		std::scoped_lock both(one, other);
		return;
	}
	std::unique_lock first(one);
	sleep_ms(20);
	std::unique_lock second(other);
}

static void start(bool leak)
{
	std::thread([leak] { swap_entries(left, right, leak); }).detach();
	std::thread([leak] { swap_entries(right, left, leak); }).detach();
}

const struct pattern pattern = {
	.start = start, .request = nullptr, .requests = 0, .company = COMPANY_LOCKS};
