#include "shared/tunnel/in_flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A path: what is sent is acknowledged rtt_us later, and no faster than rate bytes a second. */
struct path {
	struct in_flight f;
	uint64_t now_us, gone, acked;
	uint64_t rate, rtt_us;
	uint64_t stall_every_us, stalled_us, stall_to_us; /* what is behind a lost packet waits */
	uint64_t jitter_us;
	uint32_t chance;
	bool loses, quiet;
	uint64_t allowance; /* what the line has carried, and a gap has held back */
};

enum { STEP_US = 1000, STEPS = 100000 };
static uint64_t sent_at[STEPS]; /* gone by that step of the clock */

static uint32_t draw(struct path *p)
{
	return p->chance = p->chance * 1103515245 + 12345;
}

static uint64_t jitter(struct path *p)
{
	return p->jitter_us ? draw(p) / 65536 % p->jitter_us : 0;
}

/* A packet is lost now and then; what came behind it waits a round trip for it. */
static bool is_stalled(struct path *p)
{
	if (p->stall_every_us && p->now_us >= p->stalled_us) {
		p->stalled_us =
		    p->now_us + p->stall_every_us / 2 + draw(p) / 65536 % p->stall_every_us;
		p->stall_to_us = p->now_us + p->rtt_us;
	}
	return p->now_us < p->stall_to_us;
}

/* Sends all it may for a while; returns the most that was ever under way in its last round trip. */
static size_t run(struct path *p, uint64_t us, bool mixed)
{
	size_t worst = 0;
	uint64_t end = p->now_us + us;
	for (; p->now_us < end; p->now_us += STEP_US) {
		uint64_t step = p->now_us / STEP_US;
		assert_true(step < STEPS);
		uint64_t late_us = p->rtt_us + jitter(p);
		uint64_t came = p->now_us >= late_us ? sent_at[(p->now_us - late_us) / STEP_US] : 0;
		if (is_stalled(p))
			came = p->acked;
		p->allowance += p->rate * STEP_US / 1000000;
		uint64_t most = p->acked + p->allowance, before = p->acked;
		p->acked = came < p->acked ? p->acked : came < most ? came : most;
		/* behind a gap all comes at once; a line that was idle saves nothing up */
		p->allowance -= p->acked - before;
		if (!is_stalled(p) && came <= p->acked)
			p->allowance = 0;
		in_flight_acked(&p->f, p->acked, p->now_us);
		size_t under_way = (size_t)(p->gone - p->acked),
		       room = in_flight_most(&p->f, mixed, p->loses);
		if (under_way < room && !p->quiet)
			p->gone += room - under_way;
		in_flight_sent(&p->f, p->gone, p->acked, p->now_us);
		sent_at[step] = p->gone;
		if (p->now_us + p->rtt_us >= end && p->gone - p->acked > worst)
			worst = (size_t)(p->gone - p->acked);
	}
	return worst;
}

static void begin(struct path *p, uint64_t rate, uint64_t rtt_us)
{
	*p = (struct path){.now_us = 1000, .rate = rate, .rtt_us = rtt_us};
	in_flight_init(&p->f, p->now_us);
	memset(sent_at, 0, sizeof sent_at);
}

static void an_unknown_path_gets_the_floor(void **state)
{
	(void)state;
	struct in_flight f;
	in_flight_init(&f, 5);
	assert_int_equal(in_flight_most(&f, false, false), IN_FLIGHT_BULK);
	assert_int_equal(in_flight_most(&f, true, false), IN_FLIGHT_MIXED);
	in_flight_acked(&f, 0, 6); /* nothing was sent: tells nothing */
	in_flight_sent(&f, 0, 0, 7);
	assert_int_equal(f.count, 0);
}

/* A line of talk, as a link's first frames are: what the path takes when nothing waits in it. */
static void talk(struct path *p)
{
	p->gone += 100;
	in_flight_sent(&p->f, p->gone, p->acked, p->now_us);
	p->acked = p->gone;
	p->now_us += p->rtt_us;
	in_flight_acked(&p->f, p->acked, p->now_us);
}

/* 25 MB/s at 200 ms hold 5 MB: in four round trips it gets there from either floor, four times
 * each, and the path is filled. */
static void a_long_path_is_filled(void **state)
{
	(void)state;
	for (int mixed = 0; mixed < 2; mixed++) {
		struct path p;
		begin(&p, 25000000, 200000);
		run(&p, 1000000, mixed);
		uint64_t acked = p.acked;
		run(&p, 1000000, mixed);
		assert_true(p.acked - acked >= 24500000);
	}
}

/* Once the rate rises no more, two round trips are enough. */
static void a_known_path_is_not_overfilled(void **state)
{
	(void)state;
	struct path p;
	begin(&p, 25000000, 20000);
	talk(&p);
	run(&p, 1000000, true);
	assert_true(run(&p, 1000000, true) <= IN_FLIGHT_MIXED + 2 * 500000);
}

/* What a word sent just before has told comes back first, and says little: the transfer's own bytes
 * are timed meanwhile. */
static void a_word_before_a_transfer_costs_no_round_trip(void **state)
{
	(void)state;
	struct path p;
	begin(&p, 25000000, 200000);
	p.gone = 100;
	in_flight_sent(&p.f, p.gone, 0, p.now_us);
	sent_at[p.now_us / STEP_US] = p.gone;
	p.now_us += STEP_US;
	run(&p, 850000, false);
	assert_true(p.acked >= 8000000);
}

/* … and a short one is not flooded, however much a window would allow. */
static void a_short_path_is_not_flooded(void **state)
{
	(void)state;
	for (int mixed = 0; mixed < 2; mixed++) {
		struct path p;
		begin(&p, 25000000, 2000);
		talk(&p);
		size_t most = run(&p, 5000000, mixed);
		/* 2 ms of the path are 50,000 bytes */
		assert_true(most <= (mixed ? IN_FLIGHT_MIXED : IN_FLIGHT_BULK) + 2 * 50000);
		assert_true(p.acked > 5 * 24000000);
	}
}

/* The round trip grows tenfold under a live link: within two windows the path is filled again. */
static void a_path_that_became_longer_is_learned(void **state)
{
	(void)state;
	struct path p;
	begin(&p, 25000000, 20000);
	run(&p, 3000000, false);
	p.rtt_us = 200000;
	run(&p, 2 * IN_FLIGHT_WINDOW_US + 3000000, false);
	uint64_t acked = p.acked;
	run(&p, 1000000, false);
	assert_true(p.acked - acked >= 24000000);
}

/* A home that was idle for longer than bbr remembers a round trip, and whose path has become longer
 * meanwhile: two round trips later the path is filled. */
static void what_was_before_a_long_silence_is_forgotten(void **state)
{
	(void)state;
	struct path p;
	begin(&p, 25000000, 1000);
	run(&p, 3000000, false);
	p.quiet = true;
	run(&p, 10500000, false);
	p.quiet = false;
	p.rtt_us = 200000;
	run(&p, 800000, false);
	uint64_t acked = p.acked;
	run(&p, 1000000, false);
	assert_true(p.acked - acked >= 24000000);
}

/* Bytes that went out long ago are no probe: only what has just been sent is timed. */
static void only_fresh_bytes_are_timed(void **state)
{
	(void)state;
	struct in_flight f;
	in_flight_init(&f, 0);
	in_flight_sent(&f, 1000, 0, 100);
	in_flight_sent(&f, 2000, 0, 200);
	in_flight_acked(&f, 1000, 50000);
	assert_int_equal(f.rtt_us.now, 49900);
	in_flight_sent(&f, 2000, 1000, 50001); /* nothing new */
	in_flight_acked(&f, 2000, 50002);
	assert_int_equal(f.rtt_us.now, 49802);
}

/* What of the path was used in so many round trips, in percent. */
static uint64_t used(struct path *p, unsigned trips, bool mixed)
{
	uint64_t acked = p->acked, us = trips * p->rtt_us;
	run(p, us, mixed);
	return (p->acked - acked) * 100000000 / (p->rate * us);
}

/* 4 MB/s at 200 ms and a lost packet in each round trip; then none: five round trips later all of
 * the path is used, also while somebody waits for a few bytes. */
static void a_path_that_loses_is_used_and_recovers(void **state)
{
	(void)state;
	for (int mixed = 0; mixed < 2; mixed++) {
		struct path p;
		begin(&p, 4000000, 200000);
		p.loses = true;
		p.stall_every_us = 300000;
		used(&p, 20, mixed);
		assert_true(used(&p, 100, mixed) >= 75);
		p.loses = false;
		p.stall_every_us = 0;
		used(&p, 5, mixed);
		assert_true(used(&p, 20, mixed) >= 95);
	}
}

/* ACKs that come late by chance, and so in bunches. */
static void jitter_takes_nothing(void **state)
{
	(void)state;
	struct path p;
	begin(&p, 10000000, 100000);
	p.jitter_us = 50000;
	used(&p, 10, true);
	assert_true(used(&p, 100, true) >= 90);
}

/* Half the rate for longer than the windows remember, and a quarter; then all of it. */
static void a_rate_that_comes_back_is_found_in_five_round_trips(void **state)
{
	(void)state;
	for (uint64_t part = 2; part <= 8; part *= 2) {
		struct path p;
		begin(&p, 25000000, 100000);
		run(&p, 2000000, true);
		p.rate /= part;
		run(&p, 3 * IN_FLIGHT_WINDOW_US, true);
		p.rate *= part;
		used(&p, 5, true);
		assert_true(used(&p, 10, true) >= 95);
	}
}

/* The first transfer ends long before the path is known. The next goes on from there. */
static void what_rose_at_the_end_rises_at_the_next_beginning(void **state)
{
	(void)state;
	struct path p;
	begin(&p, 25000000, 200000);
	talk(&p);
	run(&p, 450000, true);
	p.quiet = true;
	run(&p, 2000000, true);
	p.quiet = false;
	assert_true(p.f.growing);
	size_t begins = in_flight_most(&p.f, true, false);
	p.gone += 100; /* the first words are answered first, which tells little */
	in_flight_sent(&p.f, p.gone, p.acked, p.now_us);
	sent_at[p.now_us / STEP_US] = p.gone;
	p.now_us += STEP_US;
	run(&p, 202000, true);
	assert_true(in_flight_most(&p.f, true, false) >= begins);
}

/* A few bytes after a rest tell the round trip, and nothing of what the path carries. */
static void a_path_that_is_not_known_is_taken_for_a_usual_one(void **state)
{
	(void)state;
	struct path p;
	begin(&p, 25000000, 200000);
	talk(&p);
	talk(&p);
	assert_true(p.f.growing);
	assert_in_range(in_flight_most(&p.f, false, false), 4 * 5000000 + IN_FLIGHT_BULK - 5000,
			4 * 5000000 + IN_FLIGHT_BULK);
	assert_in_range(in_flight_most(&p.f, true, false), 5000000 + IN_FLIGHT_MIXED - 5000,
			5000000 + IN_FLIGHT_MIXED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_unknown_path_gets_the_floor),
	    cmocka_unit_test(a_long_path_is_filled),
	    cmocka_unit_test(a_known_path_is_not_overfilled),
	    cmocka_unit_test(a_word_before_a_transfer_costs_no_round_trip),
	    cmocka_unit_test(a_short_path_is_not_flooded),
	    cmocka_unit_test(a_path_that_became_longer_is_learned),
	    cmocka_unit_test(what_was_before_a_long_silence_is_forgotten),
	    cmocka_unit_test(only_fresh_bytes_are_timed),
	    cmocka_unit_test(a_path_that_loses_is_used_and_recovers),
	    cmocka_unit_test(jitter_takes_nothing),
	    cmocka_unit_test(a_rate_that_comes_back_is_found_in_five_round_trips),
	    cmocka_unit_test(what_rose_at_the_end_rises_at_the_next_beginning),
	    cmocka_unit_test(a_path_that_is_not_known_is_taken_for_a_usual_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
