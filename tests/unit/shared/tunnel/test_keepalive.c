#include "shared/tunnel/keepalive.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

enum { T0 = 100000 };

static enum keepalive_act next(struct keepalive *p, bool moving, uint64_t now, uint64_t *when)
{
	return keepalive_next(p, moving, moving, now, when);
}

static void test_ping_by_need(void **state)
{
	(void)state;
	static const struct {
		bool moving, open;
		uint32_t after;
	} rows[] = {{true, true, 500}, {false, true, 5000}, {false, false, 15000}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct keepalive p;
		uint64_t when;
		keepalive_init(&p, &KEEPALIVE_AGENT, T0);
		assert_int_equal(keepalive_next(&p, rows[i].moving, rows[i].open, T0, &when),
				 KEEPALIVE_WAIT);
		assert_int_equal(when, T0 + rows[i].after);
		assert_int_equal(keepalive_next(&p, rows[i].moving, rows[i].open, when - 1, &when),
				 KEEPALIVE_WAIT);
		assert_int_equal(keepalive_next(&p, rows[i].moving, rows[i].open, when, &when),
				 KEEPALIVE_PING);
		assert_int_equal(p.number, 1);
		/* one at a time */
		assert_int_equal(keepalive_next(&p, rows[i].moving, rows[i].open, when, &when),
				 KEEPALIVE_WAIT);
	}
}

static void test_silence_is_suspect_once(void **state)
{
	(void)state;
	struct keepalive p;
	uint64_t when;
	keepalive_init(&p, &KEEPALIVE_AGENT, T0);
	assert_int_equal(next(&p, true, T0 + 500, &when), KEEPALIVE_PING);
	assert_int_equal(next(&p, true, T0 + 500, &when), KEEPALIVE_WAIT);
	assert_int_equal(when, T0 + 1000);
	assert_int_equal(next(&p, true, T0 + 999, &when), KEEPALIVE_WAIT);
	assert_int_equal(next(&p, true, T0 + 1000, &when), KEEPALIVE_SUSPECT);
	assert_int_equal(next(&p, true, T0 + 9000, &when), KEEPALIVE_WAIT);
	assert_true(keepalive_heard(&p, T0 + 9001));
	assert_false(keepalive_heard(&p, T0 + 9002));
	assert_false(p.is_suspect);
}

static void test_a_silent_link_with_nothing_unanswered_is_well(void **state)
{
	(void)state;
	struct keepalive p;
	uint64_t when;
	keepalive_init(&p, &KEEPALIVE_AGENT, T0);
	assert_int_equal(keepalive_next(&p, false, false, T0 + 14999, &when), KEEPALIVE_WAIT);
	assert_int_equal(when, T0 + 15000);
}

static void test_a_slow_path_gets_more_time(void **state)
{
	(void)state;
	struct keepalive p;
	uint64_t when;
	keepalive_init(&p, &KEEPALIVE_AGENT, T0);
	assert_int_equal(keepalive_suspect_after_ms(&p), 500);
	keepalive_kernel(&p, 1000, T0, true, 400000, 100000, T0);
	assert_int_equal(keepalive_suspect_after_ms(&p), 2000);
	assert_int_equal(next(&p, true, T0 + 500, &when), KEEPALIVE_PING);
	assert_int_equal(next(&p, true, T0 + 1999, &when), KEEPALIVE_WAIT);
	assert_int_equal(next(&p, true, T0 + 2000, &when), KEEPALIVE_SUSPECT);
	keepalive_kernel(&p, 1001, T0 + 2001, true, 60000000, 60000000, T0 + 2001);
	assert_int_equal(keepalive_suspect_after_ms(&p), KEEPALIVE_SUSPECT_MOST_MS);
}

static void test_the_kernels_acknowledgements_are_life(void **state)
{
	(void)state;
	struct keepalive p;
	uint64_t when;
	keepalive_init(&p, &KEEPALIVE_AGENT, T0);
	keepalive_kernel(&p, 1000, T0, true, 0, 0, T0); /* the first look only learns the number */
	assert_int_equal(next(&p, true, T0 + 500, &when), KEEPALIVE_PING);
	for (uint64_t now = T0 + 900, acked = 2000; now < T0 + 20000; now += 400, acked += 10) {
		keepalive_kernel(&p, acked, now, true, 0, 0, now);
		assert_int_equal(next(&p, true, now, &when), KEEPALIVE_WAIT);
	}
}

/* An idle link is not asked about for twice its time because its last acknowledgement was looked at
 * late. */
static void test_an_acknowledgement_counts_from_when_it_came(void **state)
{
	(void)state;
	struct keepalive p;
	uint64_t when;
	keepalive_init(&p, &KEEPALIVE_AGENT, T0);
	keepalive_kernel(&p, 1000, T0, true, 0, 0, T0);
	keepalive_kernel(&p, 1200, T0 + 40, false, 0, 0, T0 + 15000);
	assert_int_equal(p.life_ms, T0 + 40);
	assert_int_equal(keepalive_next(&p, false, false, T0 + 15000, &when), KEEPALIVE_WAIT);
	assert_int_equal(when, T0 + 15040);
	keepalive_kernel(&p, 1300, T0 + 20, false, 0, 0, T0 + 15001); /* never backwards */
	assert_int_equal(p.life_ms, T0 + 40);
}

static void test_life_before_a_suspicion_does_not_end_it(void **state)
{
	(void)state;
	struct keepalive p;
	uint64_t when;
	keepalive_init(&p, &KEEPALIVE_AGENT, T0);
	keepalive_kernel(&p, 1000, T0, false, 0, 0, T0);
	keepalive_doubt(&p); /* the address has changed */
	assert_int_equal(next(&p, true, T0 + 100, &when), KEEPALIVE_PING);
	assert_int_equal(next(&p, true, T0 + 100, &when), KEEPALIVE_SUSPECT);
	assert_false(keepalive_kernel(&p, 1100, T0 + 60, true, 0, 0, T0 + 150));
	assert_true(p.is_suspect);
	assert_true(keepalive_kernel(&p, 1108, T0 + 190, true, 0, 0, T0 + 200));
	assert_false(p.is_suspect);
}

static void test_only_bytes_keep_a_link_from_being_dead(void **state)
{
	(void)state;
	struct keepalive p;
	uint64_t when;
	enum keepalive_act act = KEEPALIVE_WAIT;
	keepalive_init(&p, &KEEPALIVE_RELAY, T0);
	keepalive_kernel(&p, 1000, T0, true, 0, 0, T0);
	uint64_t now = T0, acked = 1000;
	while (act != KEEPALIVE_DEAD && now < T0 + 60000) {
		now += 1000;
		keepalive_kernel(&p, ++acked, now, true, 0, 0, now);
		act = next(&p, true, now, &when);
		assert_int_not_equal(act, KEEPALIVE_SUSPECT); /* the relay suspects nobody */
	}
	assert_int_equal(now, T0 + 45000);
}

static void test_doubt_asks_and_forgets_nothing(void **state)
{
	(void)state;
	struct keepalive p;
	uint64_t when;
	keepalive_init(&p, &KEEPALIVE_AGENT, T0);
	keepalive_heard(&p, T0 + 100);
	keepalive_doubt(&p);
	assert_int_equal(next(&p, false, T0 + 200, &when), KEEPALIVE_PING);
	assert_int_equal(next(&p, false, T0 + 200, &when), KEEPALIVE_SUSPECT);
	assert_int_equal(p.life_ms, T0 + 100); /* the grace is counted from it */
	assert_int_equal(p.heard_ms, T0 + 100);
	keepalive_doubt(&p); /* again, while it is suspect: nothing is said twice */
	assert_int_equal(next(&p, false, T0 + 201, &when), KEEPALIVE_WAIT);
	assert_true(keepalive_heard(&p, T0 + 210));
	assert_int_equal(next(&p, false, T0 + 211, &when), KEEPALIVE_WAIT);
}

static void test_rtt_of_pongs_and_no_others(void **state)
{
	(void)state;
	struct keepalive p;
	uint64_t when;
	keepalive_init(&p, &KEEPALIVE_AGENT, T0);
	keepalive_pong(&p, 0, T0 + 10); /* nothing was asked */
	assert_int_equal(keepalive_rtt_ms(&p), 0);
	next(&p, true, T0 + 500, &when);
	keepalive_pong(&p, 7, T0 + 510); /* not ours */
	assert_int_not_equal(p.ping_ms, 0);
	keepalive_pong(&p, 1, T0 + 540);
	assert_int_equal(p.ping_ms, 0);
	assert_in_range(keepalive_rtt_ms(&p), 40, 41);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ping_by_need),
	    cmocka_unit_test(test_silence_is_suspect_once),
	    cmocka_unit_test(test_a_silent_link_with_nothing_unanswered_is_well),
	    cmocka_unit_test(test_a_slow_path_gets_more_time),
	    cmocka_unit_test(test_the_kernels_acknowledgements_are_life),
	    cmocka_unit_test(test_an_acknowledgement_counts_from_when_it_came),
	    cmocka_unit_test(test_life_before_a_suspicion_does_not_end_it),
	    cmocka_unit_test(test_only_bytes_keep_a_link_from_being_dead),
	    cmocka_unit_test(test_doubt_asks_and_forgets_nothing),
	    cmocka_unit_test(test_rtt_of_pongs_and_no_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
