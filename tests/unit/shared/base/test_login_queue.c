/* A crowd that guesses takes the scrypt from no one: networks take turns, also over time. */
#include "shared/base/login_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ITEMS = 400 };

static struct login_queue_item items[ITEMS];
static unsigned used;

static struct login_queue *new_queue(size_t max)
{
	memset(items, 0, sizeof(items));
	used = 0;
	return login_queue_new(max);
}

static struct login_queue_item *add_as(struct login_queue *q, const char *ip, const char *account,
				       bool proven, uint64_t now_ms)
{
	struct addr a;
	assert_int_equal(addr_parse_ip(ip, &a), 0);
	assert_true(used < ITEMS);
	return login_queue_add(q, &items[used++], &a, account, proven, now_ms);
}

static void add(struct login_queue *q, const char *ip)
{
	assert_null(add_as(q, ip, "alice", false, 1000));
}

/* The address of the next one, or "-". */
static const char *take(struct login_queue *q)
{
	static char text[ADDR_TEXT];
	struct login_queue_item *i = login_queue_take(q);
	return i ? addr_ip_text(&i->parts[LOGIN_QUEUE_LEVELS - 1], text) : "-";
}

static void networks_take_turns(void **state)
{
	(void)state;
	struct login_queue *q = new_queue(ITEMS);
	for (unsigned i = 0; i < 50; i++)
		add(q, "11.0.0.1");
	add(q, "11.0.1.1");
	add(q, "11.0.1.1");
	assert_string_equal(take(q), "11.0.0.1");
	assert_string_equal(take(q), "11.0.1.1");
	assert_string_equal(take(q), "11.0.0.1");
	assert_string_equal(take(q), "11.0.1.1");
	for (unsigned i = 0; i < 48; i++)
		assert_string_equal(take(q), "11.0.0.1");
	assert_string_equal(take(q), "-");
	login_queue_free(q);
}

static void within_a_network_its_parts_do(void **state)
{
	(void)state;
	struct login_queue *q = new_queue(ITEMS);
	for (unsigned i = 0; i < 50; i++)
		add(q, "2a00:1:2:100::1"); /* a /64 in a /56 in a /48 */
	add(q, "2a00:1:2:101::1");         /* another /64 in it */
	add(q, "2a00:1:2:200::1");         /* another /56 */
	add(q, "2a00:1:3::1");             /* another /48 */
	assert_string_equal(take(q), "2a00:1:2:100::");
	assert_string_equal(take(q), "2a00:1:3::");
	assert_string_equal(take(q), "2a00:1:2:200::");
	assert_string_equal(take(q), "2a00:1:2:101::");
	for (unsigned i = 0; i < 49; i++)
		assert_string_equal(take(q), "2a00:1:2:100::");
	login_queue_free(q);
}

/* 200 networks that have had one check each are behind one that has had none. */
static void who_has_used_checks_up_stands_behind(void **state)
{
	(void)state;
	struct login_queue *q = new_queue(ITEMS);
	for (unsigned turn = 0; turn < 2; turn++) {
		for (unsigned i = 0; i < 100; i++) {
			char ip[32];
			snprintf(ip, sizeof(ip), "11.64.%u.1", i);
			assert_null(add_as(q, ip, "mallory", false, 1000));
		}
		while (turn == 0 && strcmp(take(q), "-") != 0)
			;
	}
	add(q, "11.22.0.1");
	assert_string_equal(take(q), "11.22.0.1");
	assert_string_equal(take(q), "11.64.0.1");
	/* An hour without a check makes it new. */
	used = 210;
	add_as(q, "11.64.50.1", "bob", false, 1000 + 3600001);
	assert_string_equal(take(q), "11.64.50.1");
	login_queue_free(q);
}

/* New networks every time: what they guess at stands behind what they do not. */
static void of_equals_the_account_that_was_tried_least(void **state)
{
	(void)state;
	struct login_queue *q = new_queue(ITEMS);
	for (unsigned i = 0; i < 50; i++) {
		char ip[32];
		snprintf(ip, sizeof(ip), "11.64.%u.1", i);
		assert_null(add_as(q, ip, i % 2 ? "mallory" : NULL, false, 1000));
	}
	assert_null(add_as(q, "11.22.0.1", "bob", false, 1000));
	assert_string_equal(take(q), "11.64.0.1");
	assert_string_equal(take(q), "11.64.1.1");
	assert_string_equal(take(q), "11.22.0.1");
	login_queue_free(q);
}

static void what_went_well_is_not_held_against_it(void **state)
{
	(void)state;
	struct login_queue *q = new_queue(ITEMS);
	struct addr a;
	addr_parse_ip("11.0.0.1", &a);
	for (unsigned i = 0; i < 5; i++) {
		add(q, "11.0.0.1");
		take(q);
		login_queue_forgive(q, &a, "alice", 1000);
	}
	add(q, "11.0.0.1");
	add(q, "11.0.1.1");
	assert_string_equal(take(q), "11.0.0.1");
	login_queue_free(q);
}

static void proven_ones_go_first_and_leave_every_third(void **state)
{
	(void)state;
	struct login_queue *q = new_queue(ITEMS);
	for (unsigned i = 0; i < 5; i++)
		add(q, "11.0.0.1");
	for (unsigned i = 0; i < 5; i++)
		assert_null(add_as(q, "11.0.1.1", "bob", true, 1000));
	static const char *const want[] = {"11.0.1.1", "11.0.1.1", "11.0.0.1", "11.0.1.1",
					   "11.0.1.1", "11.0.0.1", "11.0.1.1", "11.0.0.1"};
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_string_equal(take(q), want[i]);
	login_queue_free(q);
}

static void a_full_queue_loses_its_last(void **state)
{
	(void)state;
	struct login_queue *q = new_queue(4);
	add(q, "11.0.0.1");
	add(q, "11.0.0.1");
	add(q, "11.0.0.1");
	add(q, "11.0.1.1");
	/* the newcomer of a new network: the third of the first one goes */
	assert_ptr_equal(add_as(q, "11.0.2.1", "alice", false, 1000), &items[2]);
	/* one more of the first network is the last itself */
	assert_ptr_equal(add_as(q, "11.0.0.1", "alice", false, 1000), &items[5]);
	assert_string_equal(take(q), "11.0.0.1");
	assert_string_equal(take(q), "11.0.1.1");
	assert_string_equal(take(q), "11.0.2.1");
	assert_string_equal(take(q), "11.0.0.1");
	assert_string_equal(take(q), "-");
	login_queue_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(networks_take_turns),
	    cmocka_unit_test(within_a_network_its_parts_do),
	    cmocka_unit_test(who_has_used_checks_up_stands_behind),
	    cmocka_unit_test(of_equals_the_account_that_was_tried_least),
	    cmocka_unit_test(what_went_well_is_not_held_against_it),
	    cmocka_unit_test(proven_ones_go_first_and_leave_every_third),
	    cmocka_unit_test(a_full_queue_loses_its_last),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
