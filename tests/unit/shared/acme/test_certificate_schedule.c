/* The clock is a number here, moved by hand. */
#include "shared/acme/certificate_schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE 60000ull
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define BEGIN  1795967407000ull

static void is_next(const struct certificate_schedule *s, uint64_t now,
		    enum certificate_schedule_act act, uint64_t at)
{
	uint64_t when;
	assert_int_equal(certificate_schedule_next(s, now, &when), act);
	if (when != at)
		fail_msg("at %lld, not %lld ms from the beginning", (long long)(when - BEGIN),
			 (long long)(at - BEGIN));
}

/* As if the CA had been asked and had suggested nothing. */
static void of_life(struct certificate_schedule *s, uint64_t life)
{
	memset(s, 0, sizeof(*s));
	certificate_schedule_renewed(s, BEGIN, BEGIN + life, BEGIN);
	is_next(s, BEGIN, CERTIFICATE_SCHEDULE_ASK, BEGIN);
	certificate_schedule_no_window(s, 0, BEGIN);
}

static void without_a_certificate_one_is_ordered_at_once(void **state)
{
	struct certificate_schedule s = {0};
	(void)state;
	is_next(&s, BEGIN, CERTIFICATE_SCHEDULE_ORDER, BEGIN);
	assert_false(certificate_schedule_is_overdue(&s, BEGIN));
}

static void without_a_window_the_life_counts(void **state)
{
	static const struct {
		uint64_t life, renewal;
	} rows[] = {{90 * DAY, 60 * DAY},   {45 * DAY, 30 * DAY},    {10 * DAY, 10 * DAY / 3 * 2},
		    {9 * DAY, 9 * DAY / 2}, {160 * HOUR, 80 * HOUR}, {6 * HOUR, 3 * HOUR}};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct certificate_schedule s;
		uint64_t renewal = BEGIN + rows[i].renewal;
		of_life(&s, rows[i].life);
		certificate_schedule_no_window(&s, 0, renewal - 1);
		is_next(&s, renewal - 1, CERTIFICATE_SCHEDULE_WAIT, renewal);
		is_next(&s, renewal, CERTIFICATE_SCHEDULE_ORDER, renewal);
		/* A machine that slept past the end orders when it wakes. */
		is_next(&s, renewal + 400 * DAY, CERTIFICATE_SCHEDULE_ORDER, renewal + 400 * DAY);
		assert_false(certificate_schedule_is_overdue(&s, renewal + rows[i].life / 10));
		assert_true(certificate_schedule_is_overdue(&s, renewal + rows[i].life / 10 + 1));
	}
}

static void a_moment_of_the_window_is_drawn_once(void **state)
{
	struct certificate_schedule s;
	uint64_t start = BEGIN + 50 * DAY, end = BEGIN + 52 * DAY, now = BEGIN;
	(void)state;
	of_life(&s, 90 * DAY);
	certificate_schedule_window(&s, start, end, 0, now, 0x80000000u);
	assert_true(s.renew_ms == BEGIN + 51 * DAY);
	/* The same window again, and other random bits. */
	certificate_schedule_window(&s, start, end, 0, now, 0);
	assert_true(s.renew_ms == BEGIN + 51 * DAY);
	/* None for a while: it stays. */
	certificate_schedule_no_window(&s, 0, now);
	assert_true(s.renew_ms == BEGIN + 51 * DAY);
	certificate_schedule_window(&s, start - DAY, end, 0, now, 0);
	assert_true(s.renew_ms == BEGIN + 49 * DAY);
	certificate_schedule_window(&s, start, end, 0, now, UINT32_MAX);
	assert_in_range(end - s.renew_ms, 1, 2000);
	/* The CA wants it replaced now. */
	certificate_schedule_window(&s, BEGIN - 2 * DAY, BEGIN - DAY, 0, now, 7);
	is_next(&s, now, CERTIFICATE_SCHEDULE_ORDER, now);
}

static void no_window_lets_a_certificate_end(void **state)
{
	struct certificate_schedule s;
	(void)state;
	of_life(&s, 90 * DAY);
	certificate_schedule_window(&s, BEGIN + 89 * DAY, BEGIN + 91 * DAY, 0, BEGIN, 5);
	assert_true(s.renew_ms == BEGIN + 81 * DAY);
	certificate_schedule_window(&s, 0, UINT64_MAX, 0, BEGIN, UINT32_MAX);
	assert_true(s.renew_ms <= BEGIN + 81 * DAY);
	certificate_schedule_window(&s, UINT64_MAX - 2, UINT64_MAX - 1, 0, BEGIN, 5);
	assert_true(s.renew_ms == BEGIN + 81 * DAY);
}

static void the_ca_says_when_to_ask_again_within_bounds(void **state)
{
	static const struct {
		uint64_t retry, pause;
	} rows[] = {{6 * HOUR, 6 * HOUR}, {MINUTE, HOUR}, {0, 6 * HOUR}, {30 * DAY, DAY}};
	struct certificate_schedule s;
	(void)state;
	of_life(&s, 90 * DAY);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t retry = rows[i].retry ? BEGIN + rows[i].retry : 0,
			 ask = BEGIN + rows[i].pause;
		certificate_schedule_window(&s, BEGIN + 50 * DAY, BEGIN + 52 * DAY, retry, BEGIN,
					    1);
		is_next(&s, ask - 1, CERTIFICATE_SCHEDULE_WAIT, ask);
		is_next(&s, ask, CERTIFICATE_SCHEDULE_ASK, ask);
	}
}

static void failures_back_off(void **state)
{
	struct certificate_schedule s = {0};
	uint64_t now = BEGIN, at;
	(void)state;
	certificate_schedule_failed(&s, 0, now, UINT32_MAX);
	is_next(&s, now, CERTIFICATE_SCHEDULE_WAIT, now + MINUTE);
	is_next(&s, now + MINUTE, CERTIFICATE_SCHEDULE_ORDER, now + MINUTE);
	for (uint64_t pause = 2; pause <= 32; pause *= 2) {
		certificate_schedule_failed(&s, 0, now, UINT32_MAX);
		is_next(&s, now, CERTIFICATE_SCHEDULE_WAIT, now + pause * MINUTE);
	}
	/* A CA that cannot be reached is tried each hour; one that refuses, each day. */
	for (unsigned i = 0; i < 40; i++)
		certificate_schedule_failed(&s, 0, now, UINT32_MAX);
	is_next(&s, now, CERTIFICATE_SCHEDULE_WAIT, now + HOUR);
	certificate_schedule_ordered(&s, now);
	certificate_schedule_failed(&s, 0, now, UINT32_MAX);
	is_next(&s, now, CERTIFICATE_SCHEDULE_WAIT, now + DAY);
	/* never less than a minute, and a certificate ends it */
	certificate_schedule_failed(&s, 0, now, 0);
	assert_int_equal(certificate_schedule_next(&s, now, &at), CERTIFICATE_SCHEDULE_WAIT);
	assert_true(at == now + MINUTE);
	certificate_schedule_renewed(&s, now, now + 90 * DAY, now);
	certificate_schedule_failed(&s, 0, now, UINT32_MAX);
	assert_true(s.try_ms == now + MINUTE);
}

static void the_ca_says_when_it_takes_orders_again(void **state)
{
	struct certificate_schedule s = {0};
	(void)state;
	certificate_schedule_failed(&s, BEGIN + 3 * DAY, BEGIN, 0);
	is_next(&s, BEGIN, CERTIFICATE_SCHEDULE_WAIT, BEGIN + 3 * DAY);
	is_next(&s, BEGIN + 3 * DAY, CERTIFICATE_SCHEDULE_ORDER, BEGIN + 3 * DAY);
}

static void three_orders_a_day(void **state)
{
	struct certificate_schedule s = {0};
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t now = BEGIN + i * HOUR;
		is_next(&s, now, CERTIFICATE_SCHEDULE_ORDER, now);
		certificate_schedule_ordered(&s, now);
	}
	uint64_t now = BEGIN + 3 * HOUR;
	is_next(&s, now, CERTIFICATE_SCHEDULE_WAIT, BEGIN + DAY);
	/* nor for those who are in a hurry */
	certificate_schedule_hurry(&s);
	is_next(&s, now, CERTIFICATE_SCHEDULE_WAIT, BEGIN + DAY);
	is_next(&s, BEGIN + DAY, CERTIFICATE_SCHEDULE_ORDER, BEGIN + DAY);
	certificate_schedule_ordered(&s, BEGIN + DAY);
	is_next(&s, BEGIN + DAY, CERTIFICATE_SCHEDULE_WAIT, BEGIN + DAY + HOUR);
}

static void hurry_renews_at_once(void **state)
{
	struct certificate_schedule s;
	(void)state;
	of_life(&s, 90 * DAY);
	certificate_schedule_failed(&s, 0, BEGIN, 0);
	certificate_schedule_hurry(&s);
	is_next(&s, BEGIN, CERTIFICATE_SCHEDULE_ORDER, BEGIN);
	assert_false(certificate_schedule_is_overdue(&s, BEGIN));
}

static void a_clock_that_was_wrong_blocks_nothing(void **state)
{
	struct certificate_schedule s = {0};
	uint64_t wrong = BEGIN + 5000 * DAY;
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		certificate_schedule_ordered(&s, wrong);
	certificate_schedule_failed(&s, 0, wrong, 0);
	is_next(&s, BEGIN, CERTIFICATE_SCHEDULE_ORDER, BEGIN);
	certificate_schedule_renewed(&s, BEGIN, BEGIN + 90 * DAY, BEGIN);
	certificate_schedule_no_window(&s, 0, wrong);
	is_next(&s, BEGIN, CERTIFICATE_SCHEDULE_ASK, BEGIN);
}

static void it_is_kept_in_a_file(void **state)
{
	struct certificate_schedule s, again;
	struct buf text = BUF_INIT;
	(void)state;
	of_life(&s, 90 * DAY);
	certificate_schedule_window(&s, BEGIN + DAY, BEGIN + 2 * DAY, 0, BEGIN, 77);
	certificate_schedule_ordered(&s, BEGIN + 5);
	certificate_schedule_ordered(&s, BEGIN + 6);
	certificate_schedule_failed(&s, 0, BEGIN, 99);
	struct json w = json_into(&text, false);
	certificate_schedule_write(&s, &w);
	struct conf *c = conf_parse("schedule", buf_str(&text), buf_len(&text), false);
	certificate_schedule_read(conf_root(c), &again);
	conf_done(conf_root(c));
	assert_true(conf_ok(conf_root(c)));
	assert_memory_equal(&s, &again, sizeof(s));
	conf_free(c);
	/* one that cannot be read is as if it were new */
	static const char *const wrong[] = {"", "[]", "{\"renew_ms\":\"x\"}",
					    "{\"not_before_ms\":7,\"not_after_ms\":6}"};
	const struct certificate_schedule new = {0};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		c = conf_parse("schedule", wrong[i], strlen(wrong[i]), true);
		certificate_schedule_read(conf_root(c), &again);
		assert_memory_equal(&new, &again, sizeof(new));
		conf_free(c);
	}
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_certificate_one_is_ordered_at_once),
	    cmocka_unit_test(without_a_window_the_life_counts),
	    cmocka_unit_test(a_moment_of_the_window_is_drawn_once),
	    cmocka_unit_test(no_window_lets_a_certificate_end),
	    cmocka_unit_test(the_ca_says_when_to_ask_again_within_bounds),
	    cmocka_unit_test(failures_back_off),
	    cmocka_unit_test(the_ca_says_when_it_takes_orders_again),
	    cmocka_unit_test(three_orders_a_day),
	    cmocka_unit_test(hurry_renews_at_once),
	    cmocka_unit_test(a_clock_that_was_wrong_blocks_nothing),
	    cmocka_unit_test(it_is_kept_in_a_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
