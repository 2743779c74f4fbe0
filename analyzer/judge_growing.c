/*
 * judge_growing.c - a group that becomes larger with time, and whose threads do not come back.
 *
 * Likely: in several intervals between dumps threads arrived, next to none left, and next to all that were
 * there at two dumps in a row were in the very same wait. A pool's threads work between two looks; what rose
 * when the program began, and was quiet for long since, is a pool too. A loop that sleeps, or waits with a time limit
 * for what nobody ever woke, counts as one wait: nothing but time brings it on. So does one that polls a connection of
 * our own making with a time limit of a second or so, as client libraries do: it is a session that nobody ends, or
 * answers.
 */
#include "analyzer/judge.h"
#include "analyzer/partners.h"
#include "analyzer/peers.h"
#include "analyzer/room.h"
#include "analyzer/words.h"

#include <string.h>

#define WINDOW	    12 /* dumps: a group that was quiet for hours may begin to grow */
#define HOUR_NS	    3600000000000.0
#define FAR_NS	    (10 * 365 * 24 * HOUR_NS) /* nobody waits for that */
#define SECOND_NS   1000000000.0
#define POLLS_MOST  4 /* of a thread in a second */
#define SLEEP_SHARE 1.3 /* of the time: more cannot be slept, but a look takes time, too */
#define LOOKS_LEAST 3 /* at each thread, in the mean */
#define EXCEPTIONS  20 /* one in so many may do otherwise */
#define QUIET_TIMES 3 /* so many times as long as it grew */
#define POLLING_TIMES                                                                              \
	4 /* a service has tasks that come back by the clock, so it takes more of them */
#define DESCRIPTOR_TIMES                                                                           \
	4 /* clients that are silent for a while look the same, so it takes more of them */

static bool waits_on_descriptor(const struct group *group)
{
	static const char *const waits[] = {"read", "recv", "write", "send", "accept", "connect",
		"poll", "select", "epoll_wait", "transfer"};
	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++)
		if (!strcmp(group->wait, waits[i]))
			return true;
	return false;
}

/* How many threads it takes; UINT64_MAX: it cannot be told. Clients of ours that keep a connection and are silent
 * for a while look like a leak, and a time limit ends their waits one day; but nobody leaves a question of our own
 * without an answer on purpose. */
static uint64_t least_of(const struct judging *judging, const struct group *group)
{
	uint64_t least = judging->thresholds.growing_least;
	if (!waits_on_descriptor(group))
		return least;
	enum side side = peers_side(judging->dump, group, judging->pool);
	if (side == SIDE_CLIENT)
		return least;
	if (side == SIDE_SERVER && group->timed.value)
		return UINT64_MAX;
	return least * DESCRIPTOR_TIMES;
}

static bool is_never_woken(const struct judging *judging, const struct dump_thread *thread)
{
	const struct dump_waker *waker = relations_waker(judging->relations, thread);
	return waker && waker->count.known && !waker->count.value;
}

/* Who is answered begins another wait sooner than a time limit of a second or a half makes it. */
static bool is_slow(const struct course *course)
{
	return course->stay_ns &&
	       (double)course->waits * SECOND_NS <= POLLS_MOST * (double)course->stay_ns;
}

/* Who works between short sleeps makes more waits than fit in: a simulation of work, a pause before the next try. Long
 * sleeps are a ticker's, which may well do something each time. */
static bool is_mere_sleep(const struct group *group, const struct course *course)
{
	struct measured sleep_ns =
		group->thread_count ? group->threads[0]->sleep_ns : (struct measured){0};
	return (sleep_ns.known && (double)sleep_ns.value >= SECOND_NS) ||
	       (double)course->slept_ns <= SLEEP_SHARE * (double)course->stay_ns;
}

static bool is_polling(
	const struct judging *judging, const struct group *group, const struct course *course)
{
	if (!strcmp(group->wait, "nanosleep"))
		return is_mere_sleep(group, course);
	if (!group->timed.known || !group->timed.value)
		return false;
	if (waits_on_descriptor(group))
		return is_slow(course) &&
		       peers_side(judging->dump, group, judging->pool) == SIDE_CLIENT;
	for (size_t i = 0; i < group->thread_count; i++)
		if (!is_never_woken(judging, group->threads[i]))
			return false;
	return true;
}

static bool is_unbroken(const struct course *course)
{
	return (course->stays - course->unbroken) * EXCEPTIONS <= course->stays;
}

/* Threads that work for a moment and sleep for long are mostly seen asleep, too, while a service takes up its load: so
 * it takes several looks at each. */
static bool is_seen_often(const struct course *course)
{
	return course->stays >= LOOKS_LEAST * course->last;
}

static bool is_growing(
	const struct judging *judging, const struct group *group, const struct course *course)
{
	uint64_t least = least_of(judging, group);
	if (!is_unbroken(course) && (!is_polling(judging, group, course) || !is_seen_often(course)))
		return false;
	if (!is_unbroken(course))
		least *= POLLING_TIMES;
	return course->arrivals >= course->departures &&
	       course->arrivals - course->departures >= least &&
	       course->rises >= judging->thresholds.growing_intervals &&
	       course->quiet <= QUIET_TIMES * course->rising &&
	       course->departures * EXCEPTIONS <= course->arrivals && course->stays;
}

static void growth_say(struct judging *judging, struct finding *finding, const struct group *group,
	const struct course *course, size_t index)
{
	struct pool *pool = judging->pool;
	struct measured span_ns = history_span_ns(judging->report->history, index);
	uint64_t grown = course->arrivals - course->departures;
	const char *in = "";
	if (span_ns.known && span_ns.value)
		in = pool_print(pool, " in %s, %.0f per hour",
			words_of_duration(pool, span_ns.value),
			(double)grown * HOUR_NS / (double)span_ns.value);
	finding_say(finding, pool, "The group grew from %lu to %s%s: %lu came, %lu left.",
		(unsigned long)course->first, words_of_count(pool, group->count, "thread"), in,
		(unsigned long)course->arrivals, (unsigned long)course->departures);
	finding_say(finding, pool,
		is_unbroken(course)
			? "Those that were seen in %lu dumps were in the very same wait each time."
			: "Those that were seen in %lu dumps were there each time, in a loop of "
			  "waits that time ends.",
		(unsigned long)(judging->report->history->count - index));
}

/* When the process can have no more threads, if it goes on like this. */
static void limit_say(
	struct judging *judging, struct finding *finding, const struct course *course, size_t index)
{
	struct pool *pool = judging->pool;
	struct measured span_ns = history_span_ns(judging->report->history, index);
	struct room room = room_of_dump(judging->dump);
	uint64_t grown = course->arrivals - course->departures;
	if (!room.threads.known || !span_ns.known || !span_ns.value || !grown)
		return;
	double left_ns = (double)room.threads.value * (double)span_ns.value / (double)grown;
	if (left_ns > FAR_NS)
		return;
	finding_say(finding, pool, "At this rate the limit of %lu threads %s is reached in %s.",
		(unsigned long)room.limit, room.words, words_of_duration(pool, (uint64_t)left_ns));
}

static void creation_say(
	struct judging *judging, struct finding *finding, const struct group *group, size_t index)
{
	struct making making;
	if (!group->creation_count || !group->creations[0].creator ||
		!history_making(
			judging->report->history, group->creations[0].creator, index, &making))
		return;
	finding_say(finding, judging->pool,
		"Their creation stack made %lu threads meanwhile, and %lu ended.",
		(unsigned long)making.made, (unsigned long)making.gone);
}

static bool window_judge(struct judging *judging, const struct group *group, size_t index)
{
	size_t count;
	const struct dump_thread **members = judging_free_members(judging, group, &count);
	struct course course =
		history_course(judging->report->history, group, index, judging->pool);
	if (!count || !is_growing(judging, group, &course))
		return false;
	struct finding *finding = judging_find(judging, "growing", CERTAINTY_LIKELY);
	for (size_t i = 0; i < count; i++)
		judging_accuse(judging, finding, members[i]);
	growth_say(judging, finding, group, &course, index);
	limit_say(judging, finding, &course, index);
	creation_say(judging, finding, group, index);
	partners_say(judging, finding);
	finding->hint =
		"Whoever starts such a thread must see to it that it can end: cancel it and "
		"wait for it, close what it receives from, give its calls a deadline.";
	return true;
}

static bool in_a_wait(const struct group *group)
{
	return group->oldest_ns.known && strcmp(group->wait, "running") != 0;
}

void judge_growing(struct judging *judging)
{
	const struct groups *groups = judging->report->groups;
	size_t moments = judging->report->history->count;
	for (size_t i = 0; i < groups->count; i++) {
		if (!in_a_wait(groups->list[i]) ||
			groups->list[i]->count < judging->thresholds.growing_least)
			continue;
		if (!window_judge(judging, groups->list[i], 0) && moments > WINDOW)
			window_judge(judging, groups->list[i], moments - WINDOW);
	}
}
