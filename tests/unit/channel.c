/*
 * channel.c - the demos' channels: order, rendezvous, closing, cancelling, and none of it lost or
 * doubled among many threads. Threads count what they saw; only the test itself asserts.
 */
#include "demos/channel.h"
#include "demos/object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MILLISECOND_NS 1000000u
#define CROWD	       2000 /* threads blocked at once */
#define SENDERS	       16
#define RECEIVERS      16
#define EACH	       200 /* elements of one sender */

/* What the threads of one test share. */
struct party {
	struct channel *channel;
	struct context *context;
	_Atomic uint64_t sent, sent_sum, received, received_sum, closed, cancelled;
};

static void party_open(struct party *party, size_t capacity)
{
	memset(party, 0, sizeof *party);
	party->channel = channel_make(sizeof(uint64_t), capacity);
}

/* The channel's last reference is the test's own: nothing of it may be left. */
static void party_end(struct party *party)
{
	channel_release(party->channel);
	if (party->context)
		context_free(party->context);
	assert_int_equal(object_count(), 0);
}

static void count(_Atomic uint64_t *times, _Atomic uint64_t *sum, uint64_t element)
{
	atomic_fetch_add(times, 1);
	atomic_fetch_add(sum, element);
}

static void *send_one(void *argument)
{
	struct party *party = argument;
	const uint64_t element = 7;
	if (channel_send(party->channel, &element, party->context) == CHANNEL_OK)
		count(&party->sent, &party->sent_sum, element);
	else
		atomic_fetch_add(&party->cancelled, 1);
	return NULL;
}

static void *send_each(void *argument)
{
	struct party *party = argument;
	for (uint64_t element = 1; element <= EACH; element++)
		if (channel_send(party->channel, &element, NULL) == CHANNEL_OK)
			count(&party->sent, &party->sent_sum, element);
	return NULL;
}

/* As send_each, under deadlines so short that many sends are given up. */
static void *send_each_impatiently(void *argument)
{
	struct party *party = argument;
	for (uint64_t element = 1; element <= EACH; element++) {
		struct context *context = context_make_timeout(party->context, element % 8 * 10000);
		if (channel_send(party->channel, &element, context) == CHANNEL_OK)
			count(&party->sent, &party->sent_sum, element);
		else
			atomic_fetch_add(&party->cancelled, 1);
		context_free(context);
	}
	return NULL;
}

static void *receive_all(void *argument)
{
	struct party *party = argument;
	uint64_t element;
	enum channel_result result;
	while ((result = channel_receive(party->channel, &element, party->context)) == CHANNEL_OK)
		count(&party->received, &party->received_sum, element);
	atomic_fetch_add(result == CHANNEL_CLOSED ? &party->closed : &party->cancelled, 1);
	return NULL;
}

/* As receive_all, and gives up now and then on the way. */
static void *receive_all_impatiently(void *argument)
{
	struct party *party = argument;
	uint64_t element;
	for (unsigned turn = 0;; turn++) {
		struct context *context = context_make_timeout(NULL, turn % 8 * 10000);
		enum channel_result result = channel_receive(party->channel, &element, context);
		context_free(context);
		if (result == CHANNEL_OK)
			count(&party->received, &party->received_sum, element);
		if (result == CHANNEL_CLOSED)
			return NULL;
	}
}

static void start(
	pthread_t *threads, unsigned number, void *(*routine)(void *), struct party *party)
{
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 256 * 1024);
	for (unsigned i = 0; i < number; i++)
		assert_int_equal(pthread_create(&threads[i], &attributes, routine, party), 0);
	pthread_attr_destroy(&attributes);
}

static void join(const pthread_t *threads, unsigned number)
{
	for (unsigned i = 0; i < number; i++)
		pthread_join(threads[i], NULL);
}

/* A test that waits here for ever is ended by alarm(): see main. */
static void await_blocked(struct party *party, size_t threads)
{
	while (channel_blocked(party->channel) != threads)
		sched_yield();
}

static void buffered_keeps_order(void **state)
{
	(void)state;
	struct party party;
	party_open(&party, 3);
	/* More than once around the ring. */
	for (uint64_t round = 0; round < 5; round++) {
		uint64_t element = round, received = UINT64_MAX;
		assert_int_equal(channel_send(party.channel, &element, NULL), CHANNEL_OK);
		element = round + 100;
		assert_int_equal(channel_send(party.channel, &element, NULL), CHANNEL_OK);
		assert_int_equal(channel_receive(party.channel, &received, NULL), CHANNEL_OK);
		assert_int_equal(received, round);
		assert_int_equal(channel_receive(party.channel, &received, NULL), CHANNEL_OK);
		assert_int_equal(received, round + 100);
	}
	party_end(&party);
}

static void buffered_send_waits_for_room(void **state)
{
	(void)state;
	struct party party;
	pthread_t senders[3];
	uint64_t element;
	party_open(&party, 2);
	start(senders, 3, send_one, &party);
	await_blocked(&party, 1);
	assert_int_equal(party.sent, 2);
	channel_receive(party.channel, &element, NULL);
	join(senders, 3);
	assert_int_equal(party.sent, 3);
	party_end(&party);
}

static void unbuffered_send_waits_for_its_receiver(void **state)
{
	(void)state;
	struct party party;
	pthread_t senders[2];
	uint64_t element = 0;
	party_open(&party, 0);
	start(senders, 2, send_one, &party);
	await_blocked(&party, 2);
	assert_int_equal(party.sent, 0);
	channel_receive(party.channel, &element, NULL);
	assert_int_equal(element, 7);
	/* One of them, and not the other one, may go. */
	await_blocked(&party, 1);
	while (party.sent != 1)
		sched_yield();
	channel_receive(party.channel, &element, NULL);
	join(senders, 2);
	assert_int_equal(party.sent, 2);
	party_end(&party);
}

static void close_lets_the_rest_through(void **state)
{
	(void)state;
	struct party party;
	uint64_t element = 5;
	party_open(&party, 2);
	channel_send(party.channel, &element, NULL);
	channel_close(party.channel);
	element = 0;
	assert_int_equal(channel_receive(party.channel, &element, NULL), CHANNEL_OK);
	assert_int_equal(element, 5);
	element = 9;
	assert_int_equal(channel_receive(party.channel, &element, NULL), CHANNEL_CLOSED);
	assert_int_equal(element, 9);
	party_end(&party);
}

static void close_wakes_a_crowd(void **state)
{
	(void)state;
	static pthread_t receivers[CROWD];
	struct party party;
	party_open(&party, 0);
	start(receivers, CROWD, receive_all, &party);
	await_blocked(&party, CROWD);
	channel_close(party.channel);
	join(receivers, CROWD);
	assert_int_equal(party.closed, CROWD);
	party_end(&party);
}

static void cancel_wakes_a_crowd(void **state, void *(*routine)(void *))
{
	(void)state;
	static pthread_t threads[CROWD];
	struct party party;
	party_open(&party, 0);
	party.context = context_make(NULL);
	start(threads, CROWD, routine, &party);
	await_blocked(&party, CROWD);
	context_cancel(party.context);
	join(threads, CROWD);
	assert_int_equal(party.cancelled, CROWD);
	party_end(&party);
}

static void cancel_wakes_receivers(void **state)
{
	cancel_wakes_a_crowd(state, receive_all);
}

static void cancel_wakes_senders(void **state)
{
	cancel_wakes_a_crowd(state, send_one);
}

static void cancelled_offer_is_withdrawn(void **state)
{
	(void)state;
	struct party party;
	uint64_t element = 1, received = 0;
	party_open(&party, 0);
	struct context *context = context_make_timeout(NULL, MILLISECOND_NS);
	assert_int_equal(channel_send(party.channel, &element, context), CHANNEL_CANCELLED);
	context_free(context);
	/* Whoever comes next sees only what comes next. */
	pthread_t sender;
	start(&sender, 1, send_one, &party);
	channel_receive(party.channel, &received, NULL);
	assert_int_equal(received, 7);
	join(&sender, 1);
	party_end(&party);
}

/* A deadline wakes only its own thread, so that has to pass the room on. */
static void expired_offer_makes_room(void **state)
{
	(void)state;
	struct party impatient, patient;
	pthread_t first, second;
	uint64_t received = 0;
	party_open(&impatient, 0);
	impatient.context = context_make_timeout(NULL, 100 * MILLISECOND_NS);
	start(&first, 1, send_one, &impatient);
	while (channel_blocked(impatient.channel) == 0 && impatient.cancelled == 0)
		sched_yield();
	patient = impatient;
	patient.context = NULL;
	start(&second, 1, send_one, &patient);
	join(&first, 1);
	channel_receive(patient.channel, &received, NULL);
	assert_int_equal(received, 7);
	join(&second, 1);
	assert_int_equal(impatient.cancelled, 1);
	assert_int_equal(patient.sent, 1);
	party_end(&impatient);
}

static void deadline_ends_a_receive(void **state)
{
	(void)state;
	struct party party;
	uint64_t element = 3;
	party_open(&party, 1);
	struct context *context = context_make_timeout(NULL, MILLISECOND_NS);
	assert_int_equal(channel_receive(party.channel, &element, context), CHANNEL_CANCELLED);
	assert_int_equal(context_state(context), CONTEXT_EXPIRED);
	/* Nothing is sent under a context that is done, though there is room. */
	assert_int_equal(channel_send(party.channel, &element, context), CHANNEL_CANCELLED);
	assert_int_equal(element, 3);
	context_free(context);
	party_end(&party);
}

static void nothing_is_lost_or_doubled(
	size_t capacity, void *(*sender)(void *), void *(*receiver)(void *))
{
	struct party party;
	pthread_t senders[SENDERS], receivers[RECEIVERS];
	party_open(&party, capacity);
	start(receivers, RECEIVERS, receiver, &party);
	start(senders, SENDERS, sender, &party);
	join(senders, SENDERS);
	channel_close(party.channel);
	join(receivers, RECEIVERS);
	assert_int_equal(
		party.sent + party.cancelled - party.closed, SENDERS * EACH - party.closed);
	assert_int_equal(party.received, party.sent);
	assert_int_equal(party.received_sum, party.sent_sum);
	party_end(&party);
}

static void many_unbuffered(void **state)
{
	(void)state;
	nothing_is_lost_or_doubled(0, send_each, receive_all);
}

static void many_buffered(void **state)
{
	(void)state;
	nothing_is_lost_or_doubled(1, send_each, receive_all);
	nothing_is_lost_or_doubled(5, send_each, receive_all);
}

static void many_impatient(void **state)
{
	(void)state;
	nothing_is_lost_or_doubled(0, send_each_impatiently, receive_all);
	nothing_is_lost_or_doubled(0, send_each_impatiently, receive_all_impatiently);
	nothing_is_lost_or_doubled(2, send_each_impatiently, receive_all_impatiently);
}

/* Runs misuse in a child, which must abort, and returns what it said on stderr. */
static const char *said_at_abort(void (*misuse)(struct channel *channel))
{
	static char said[256];
	int ends[2], status;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		signal(SIGABRT, SIG_DFL); /* cmocka has a handler */
		dup2(ends[1], STDERR_FILENO);
		misuse(channel_make(sizeof(uint64_t), 1));
		_exit(0);
	}
	close(ends[1]);
	ssize_t length = read(ends[0], said, sizeof said - 1);
	close(ends[0]);
	said[length > 0 ? length : 0] = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	return said;
}

/* Every call below gets a place of its own, whatever stands around it. */
static void close_twice(struct channel *channel)
{
#line 10 "first.c"
	channel_close(channel);
#line 20 "second.c"
	channel_close(channel);
}

static void send_after_close(struct channel *channel)
{
	const uint64_t element = 0;
#line 30 "close.c"
	channel_close(channel);
#line 40 "send.c"
	channel_send(channel, &element, NULL);
}

static void *close_later(void *argument)
{
	struct channel *channel = argument;
	while (channel_blocked(channel) == 0)
		sched_yield();
#line 50 "late.c"
	channel_close(channel);
	return NULL;
}

static void close_during_send(struct channel *channel)
{
	pthread_t closer;
	const uint64_t element = 0;
	channel_send(channel, &element, NULL);
	pthread_create(&closer, NULL, close_later, channel);
#line 60 "blocked.c"
	channel_send(channel, &element, NULL);
}

#line 414 "tests/unit/channel.c"
static void misuse_names_both_lines(void **state)
{
	(void)state;
	assert_string_equal(said_at_abort(close_twice),
		"second.c:20: close of a channel that was closed at first.c:10\n");
	assert_string_equal(said_at_abort(send_after_close),
		"send.c:40: send on a channel that was closed at close.c:30\n");
	assert_string_equal(said_at_abort(close_during_send),
		"blocked.c:60: send on a channel that was closed at late.c:50\n");
}

static void last_reference_frees(void **state)
{
	(void)state;
	struct channel *channel = channel_make(1, 0);
	assert_ptr_equal(channel_share(channel), channel);
	channel_release(channel);
	assert_int_equal(channel_blocked(channel), 0);
	assert_int_equal(object_count(), 1);
	channel_release(channel);
	assert_int_equal(object_count(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffered_keeps_order),
		cmocka_unit_test(buffered_send_waits_for_room),
		cmocka_unit_test(unbuffered_send_waits_for_its_receiver),
		cmocka_unit_test(close_lets_the_rest_through),
		cmocka_unit_test(close_wakes_a_crowd),
		cmocka_unit_test(cancel_wakes_receivers),
		cmocka_unit_test(cancel_wakes_senders),
		cmocka_unit_test(cancelled_offer_is_withdrawn),
		cmocka_unit_test(expired_offer_makes_room),
		cmocka_unit_test(deadline_ends_a_receive),
		cmocka_unit_test(many_unbuffered),
		cmocka_unit_test(many_buffered),
		cmocka_unit_test(many_impatient),
		cmocka_unit_test(misuse_names_both_lines),
		cmocka_unit_test(last_reference_frees),
	};
	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
