#include "relay/doors/slow_visitors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { VISITORS = 20 };

struct visitor {
	struct slow_visitors_member member;
	struct slow_visitors_sight sight;
	bool ended;
};
static unsigned looks;

static struct slow_visitors all;
static struct bucket_queue doors;
static struct visitor visitors[VISITORS];

static struct slow_visitors_sight look(struct slow_visitors_member *m)
{
	looks++;
	return LIST_ENTRY(m, struct visitor, member)->sight;
}

static void end(struct slow_visitors_member *m, int64_t lag_ms)
{
	assert_true(lag_ms > 0);
	LIST_ENTRY(m, struct visitor, member)->ended = true;
	slow_visitors_remove(&all, m);
}

static const struct slow_visitors_kind KIND = {.look = look, .end = end};

static void come(struct visitor *v, const char *from)
{
	struct addr a;
	assert_int_equal(addr_parse_ip(from, &a), 0);
	*v = (struct visitor){.sight = {.waits = true, .holds_memory = true}};
	slow_visitors_add(&all, &v->member, &a);
}

static unsigned ask(unsigned most, int64_t lag_ms, bool memory, uint64_t now_ms)
{
	const struct slow_visitors_wish wish = {.most = most, .lag_ms = lag_ms, .memory = memory};
	return slow_visitors_ask(&all, &wish, now_ms);
}

static int begin(void **state)
{
	(void)state;
	slow_visitors_init(&all, &KIND, &doors);
	memset(visitors, 0, sizeof visitors);
	return 0;
}

static int finish(void **state)
{
	(void)state;
	while (all.count)
		slow_visitors_remove(
		    &all, LIST_ENTRY(all.members.next, struct slow_visitors_member, node));
	slow_visitors_fini(&all);
	return 0;
}

/* The fullest is known without a look at all doors. */
static void the_door_with_the_most_visitors_is_known(void **state)
{
	(void)state;
	struct slow_visitors other;
	struct slow_visitors_member members[2];
	struct addr a;
	assert_int_equal(addr_parse_ip("192.0.2.9", &a), 0);
	assert_null(slow_visitors_fullest(&doors));
	slow_visitors_init(&other, &KIND, &doors);
	come(&visitors[0], "192.0.2.1");
	assert_ptr_equal(slow_visitors_fullest(&doors), &all);
	for (int i = 0; i < 2; i++)
		slow_visitors_add(&other, &members[i], &a);
	assert_ptr_equal(slow_visitors_fullest(&doors), &other);
	for (int i = 0; i < 2; i++)
		slow_visitors_remove(&other, &members[i]);
	assert_ptr_equal(slow_visitors_fullest(&doors), &all);
	slow_visitors_fini(&other);
}

static void who_does_not_move_goes_after_a_second(void **state)
{
	(void)state;
	come(&visitors[0], "192.0.2.1");
	assert_int_equal(ask(1, 0, true, 5000), 0);
	assert_int_equal(ask(1, 0, true, 6000), 0);
	assert_int_equal(ask(1, 0, true, 6001), 1);
	assert_true(visitors[0].ended);
}

static void who_moves_or_is_not_waited_for_stays(void **state)
{
	(void)state;
	come(&visitors[0], "192.0.2.1");
	come(&visitors[1], "192.0.2.1");
	visitors[1].sight.waits = false;
	for (uint64_t now = 0; now < 100000; now += 500) {
		visitors[0].sight.progress += MINIMUM_RATE_RATE / 2;
		assert_int_equal(ask(2, 0, false, now), 0);
	}
}

/* A byte now and then, or much at first, is no life insurance. */
static void who_trickles_goes(void **state)
{
	(void)state;
	come(&visitors[0], "192.0.2.1");
	visitors[0].sight.progress = 1 << 20;
	unsigned ended = 0;
	for (uint64_t now = 0; now < 3000; now += 50) {
		visitors[0].sight.progress++;
		ended += ask(1, 0, true, now);
	}
	assert_int_equal(ended, 1);
}

static void without_memory_it_is_no_help(void **state)
{
	(void)state;
	come(&visitors[0], "192.0.2.1");
	visitors[0].sight.holds_memory = false;
	ask(1, 0, true, 0);
	assert_int_equal(ask(1, 0, true, 60000), 0);
	assert_int_equal(ask(1, 0, false, 60000), 1);
}

/* Of one network with many that stand still, and one that stands still elsewhere, the crowd loses,
 * the one that was found first before the others, and no more than were asked for. */
static void the_fullest_network_loses(void **state)
{
	(void)state;
	come(&visitors[0], "192.0.2.1");
	for (int i = 1; i < VISITORS; i++)
		come(&visitors[i], "198.51.100.1");
	ask(1, 0, true, 0);
	assert_int_equal(ask(5, 0, true, 2000), 5);
	for (int i = 0; i < VISITORS; i++)
		assert_int_equal(visitors[i].ended, i > 0 && i <= 5);
}

/* A crowd that moves does not shield those elsewhere that stand still. */
static void who_moves_shields_nobody(void **state)
{
	(void)state;
	come(&visitors[0], "192.0.2.1");
	for (int i = 1; i < VISITORS; i++) {
		come(&visitors[i], "198.51.100.1");
		visitors[i].sight.waits = false;
	}
	ask(1, 0, true, 0);
	assert_int_equal(ask(5, 0, true, 2000), 1);
	assert_true(visitors[0].ended);
}

static void what_was_known_before_counts(void **state)
{
	(void)state;
	come(&visitors[0], "192.0.2.1");
	visitors[0].sight.lag_ms = 12000;
	assert_int_equal(ask(1, 10000, false, 0), 1);
}

/* Where it takes ten seconds to be too far behind, one is enough for a crowd of one network. */
static void a_crowd_has_less_patience_to_expect(void **state)
{
	(void)state;
	const struct slow_visitors_wish wish = {.most = 9, .lag_ms = 10000, .crowd = 16};
	come(&visitors[0], "192.0.2.1");
	for (int i = 1; i < VISITORS; i++)
		come(&visitors[i], "198.51.100.1");
	slow_visitors_ask(&all, &wish, 0);
	/* 19 of them: until they are 15 */
	assert_int_equal(slow_visitors_ask(&all, &wish, 2000), VISITORS - 1 - 15);
	assert_false(visitors[0].ended);
	assert_int_equal(slow_visitors_ask(&all, &wish, 11000), 0);
	assert_int_equal(slow_visitors_ask(&all, &wish, 11001), 9);
}

/* A flood of newcomers that are refused asks for each: what that costs does not grow with it. */
static void a_flood_of_asking_is_cheap(void **state)
{
	(void)state;
	for (int i = 0; i < VISITORS; i++)
		come(&visitors[i], "192.0.2.1");
	looks = 0;
	for (int i = 0; i < 10000; i++)
		assert_int_equal(ask(1, 10000, false, 5000), 0);
	assert_true(looks >= VISITORS && looks < 1000);
	assert_int_equal(ask(1, 10000, false, 16001), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_door_with_the_most_visitors_is_known),
	    TEST(who_does_not_move_goes_after_a_second),
	    TEST(who_moves_or_is_not_waited_for_stays),
	    TEST(who_trickles_goes),
	    TEST(without_memory_it_is_no_help),
	    TEST(the_fullest_network_loses),
	    TEST(who_moves_shields_nobody),
	    TEST(what_was_known_before_counts),
	    TEST(a_crowd_has_less_patience_to_expect),
	    TEST(a_flood_of_asking_is_cheap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
