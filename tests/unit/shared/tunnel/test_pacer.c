#include "shared/tunnel/pacer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { STEP_MS = 50, HOLDS_US = 300000, BASE_US = 40000 };

/* A line with a queue of 300 ms, and a sender that fills it unless it is paced. */
struct thin_line {
	struct pacer pacer;
	uint64_t now_ms, rate, carried;
	int64_t queue_us, foreign_us; /* ours, and what of the round trip is none of ours */
	int64_t longest_us;           /* of ours, in the last run */
	bool mixed;
};

static void begin(struct thin_line *l, uint64_t rate)
{
	*l = (struct thin_line){.now_ms = 1000, .rate = rate};
	pacer_init(&l->pacer);
}

static void step(struct thin_line *l)
{
	uint64_t sent = l->pacer.rate ? l->pacer.rate : 2 * l->rate,
		 came = l->queue_us > 0 || sent > l->rate ? l->rate : sent;
	l->queue_us += ((int64_t)sent - (int64_t)l->rate) * STEP_MS * 1000 / (int64_t)l->rate;
	l->queue_us = l->queue_us < 0 ? 0 : l->queue_us > HOLDS_US ? HOLDS_US : l->queue_us;
	if (l->queue_us > l->longest_us)
		l->longest_us = l->queue_us;
	l->now_ms += STEP_MS;
	l->carried += came * STEP_MS / 1000;
	pacer_look(&l->pacer, &(struct pacer_sample){
				  .now_ms = l->now_ms,
				  .carried = came,
				  .rtt_us = (uint32_t)(BASE_US + l->queue_us + l->foreign_us),
				  .least_rtt_us = BASE_US,
				  .full = true,
				  .mixed = l->mixed});
}

/* Returns what of the line was used, in percent. */
static uint64_t run(struct thin_line *l, uint64_t ms)
{
	uint64_t end = l->now_ms + ms;
	l->longest_us = 0;
	l->carried = 0;
	while (l->now_ms < end)
		step(l);
	return l->carried * 100000 / (l->rate * ms);
}

/* From 1 to 20 Mbit/s: the queue is drained, stays short, and the line is used. */
static void a_thin_line_has_a_short_queue(void **state)
{
	(void)state;
	static const uint64_t rates[] = {125000, 625000, 2500000};
	for (size_t i = 0; i < 6; i++) {
		struct thin_line l;
		begin(&l, rates[i / 2]);
		l.mixed = i % 2;
		run(&l, 3000);
		assert_true(run(&l, 20000) >= 95);
		/* a few packets of 1,500 bytes are no queue */
		assert_true(l.longest_us <= (rates[i / 2] < 200000 ? 120000 : 80000));
	}
}

/* While a transfer comes up to speed, what has been carried says nothing of the line: no limit
 * until a queue is there. */
static void a_beginning_is_not_held(void **state)
{
	(void)state;
	struct thin_line l;
	begin(&l, 2500000);
	struct pacer_sample s = {
	    .rtt_us = BASE_US + 5000, .least_rtt_us = BASE_US, .full = true, .carried = 20000};
	for (; s.carried < l.rate; s.carried *= 2) {
		s.now_ms += STEP_MS;
		assert_int_equal(pacer_look(&l.pacer, &s), 0);
	}
	s.now_ms += STEP_MS;
	s.rtt_us += PACER_QUEUE_US;
	assert_true(pacer_look(&l.pacer, &s) > 0);
}

static void somebody_who_comes_finds_it_short_soon(void **state)
{
	(void)state;
	struct thin_line l;
	begin(&l, 625000);
	run(&l, 10000);
	l.mixed = true;
	run(&l, 1000);
	run(&l, 5000);
	assert_true(l.longest_us <= 2 * PACER_QUEUE_MIXED_US);
}

/* Half the rate for a while, and then all of it again. */
static void a_rate_that_changes_is_followed(void **state)
{
	(void)state;
	struct thin_line l;
	begin(&l, 2500000);
	run(&l, 5000);
	l.rate /= 2;
	run(&l, 5000);
	assert_true(run(&l, 5000) >= 95);
	assert_true(l.longest_us <= 3 * PACER_QUEUE_US);
	l.rate *= 2;
	run(&l, 1500);
	assert_true(run(&l, 5000) >= 95);
}

/* Another's traffic, a longer path, or a machine so busy that all round trips seem long: the
 * line is used all the same after a while, and when that is gone the queue is short again. */
static void a_queue_of_others_takes_no_rate(void **state)
{
	(void)state;
	for (int mixed = 0; mixed < 2; mixed++) {
		struct thin_line l;
		begin(&l, 625000);
		run(&l, 5000);
		l.mixed = mixed;
		l.foreign_us = mixed ? 30000 : 200000;
		for (int i = 0; i < 5; i++)
			assert_true(run(&l, 1000) >= 45);
		assert_true(run(&l, 30000) >= 95);
		assert_true(l.longest_us <= 2 * PACER_QUEUE_US);
		l.foreign_us = 0;
		run(&l, 3000);
		assert_true(run(&l, 5000) >= 95);
		assert_true(l.longest_us <= 2 * PACER_QUEUE_US);
	}
}

static void fast_and_idle_links_have_no_limit(void **state)
{
	(void)state;
	struct thin_line l;
	begin(&l, 25000000);
	run(&l, 5000);
	assert_int_equal(l.pacer.rate, 0);
	begin(&l, 625000);
	run(&l, 5000);
	assert_true(l.pacer.rate > 0);
	struct pacer_sample idle = {
	    .now_ms = l.now_ms + 100, .carried = 100, .rtt_us = BASE_US, .least_rtt_us = BASE_US};
	assert_true(pacer_look(&l.pacer, &idle) > 0);
	idle.now_ms += 1000;
	assert_int_equal(pacer_look(&l.pacer, &idle), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_thin_line_has_a_short_queue),
	    cmocka_unit_test(a_beginning_is_not_held),
	    cmocka_unit_test(somebody_who_comes_finds_it_short_soon),
	    cmocka_unit_test(a_rate_that_changes_is_followed),
	    cmocka_unit_test(a_queue_of_others_takes_no_rate),
	    cmocka_unit_test(fast_and_idle_links_have_no_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
