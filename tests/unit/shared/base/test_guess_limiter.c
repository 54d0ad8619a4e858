#include "shared/base/guess_limiter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static struct addr ip(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse_ip(text, &a), 0);
	return a;
}

struct guessers {
	const char *before, *after; /* a number, by which there are so many sources */
	unsigned sources;
};
static const struct guessers v4_network = {"192.0.2.", "", 256},
			     v6_world = {"2a00:0:", "::1", 9999};

/* They guess as fast as it goes for so long; how many were looked at. */
static unsigned guess(struct guess_limiter *g, const struct guessers *who, uint64_t from_ms,
		      uint64_t for_ms)
{
	unsigned looked = 0;
	for (uint64_t now = from_ms; now < from_ms + for_ms; now++) {
		char text[64];
		snprintf(text, sizeof text, "%s%u%s", who->before,
			 (unsigned)(now * 7919 % who->sources), who->after);
		struct addr a = ip(text);
		if (!guess_limiter_admits(g, &a, now))
			continue;
		guess_limiter_wrong(g, &a, now);
		looked++;
	}
	return looked;
}

static void guesses_are_few_from_wherever_they_come(void **state)
{
	static const struct {
		struct guessers who;
		unsigned burst, rate;
	} cases[] = {
	    {{"192.0.2.", "", 1}, GUESS_LIMITER_BURST, GUESS_LIMITER_RATE},
	    {{"192.0.2.", "", 16}, GUESS_LIMITER_NEAR_BURST, GUESS_LIMITER_NEAR_RATE},
	    {{"192.0.2.", "", 256}, GUESS_LIMITER_NETWORK_BURST, GUESS_LIMITER_NETWORK_RATE},
	    {{"2a00:0:0:1::", "", 9999}, GUESS_LIMITER_BURST, GUESS_LIMITER_RATE},
	    {{"2a00:0:0:", "::1", 100}, GUESS_LIMITER_NEAR_BURST, GUESS_LIMITER_NEAR_RATE},
	    {{"2a00:0:0:", "::1", 9999}, GUESS_LIMITER_NETWORK_BURST, GUESS_LIMITER_NETWORK_RATE},
	    {{"2a00:0:", "::1", 9999}, GUESS_LIMITER_ALL_BURST, GUESS_LIMITER_ALL_RATE},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct guess_limiter *g = guess_limiter_new(true);
		unsigned looked = guess(g, &cases[i].who, 1000, 60000);
		assert_in_range(looked, cases[i].burst + 59 * cases[i].rate,
				cases[i].burst + 60 * cases[i].rate);
		guess_limiter_free(g);
	}
}

/* No guess makes the owner's network forgotten; after a day it is like any other. */
static void who_was_right_comes_in_while_the_world_guesses(void **state)
{
	(void)state;
	struct guess_limiter *g = guess_limiter_new(true);
	struct addr owner = ip("192.0.2.7"), stranger = ip("198.51.100.1");
	guess_limiter_right(g, &owner, 1000);
	guess(g, &v6_world, 1000, 60000);
	guess(g, &v4_network, 61000, 60000);
	guess(g, &v6_world, 121000, 59990);
	uint64_t now = 121000 + 59990;
	assert_true(guess_limiter_admits(g, &owner, now));
	assert_false(guess_limiter_admits(g, &stranger, now));
	now = 1000 + (uint64_t)GUESS_LIMITER_TRUST_MS;
	assert_true(guess_limiter_admits(g, &stranger, now));
	guess(g, &v6_world, now, 9990);
	assert_false(guess_limiter_admits(g, &owner, now + 9990));
	guess_limiter_free(g);
}

/* Also somebody who knows the password, and shows it from all over its own network. */
static void a_network_pushes_out_nobody_who_was_right(void **state)
{
	(void)state;
	struct guess_limiter *g = guess_limiter_new(true);
	struct addr owner = ip("192.0.2.7");
	guess_limiter_right(g, &owner, 1000);
	for (unsigned i = 0; i < 5000; i++) {
		char text[64];
		snprintf(text, sizeof text, "2a00:1:2:%x::1", i);
		struct addr a = ip(text);
		guess_limiter_right(g, &a, 1000 + i);
	}
	assert_true(guess_limiter_is_trusted(g, &owner, 7000));
	guess_limiter_free(g);
}

/* Where all together are not limited, a stranger is looked at while the world guesses, and the
 * networks that guess are not. */
static void without_a_rate_of_all_who_comes_from_elsewhere_is_looked_at(void **state)
{
	(void)state;
	struct guess_limiter *g = guess_limiter_new(false);
	struct addr stranger = ip("198.51.100.1"), near = ip("192.0.2.200");
	guess(g, &v6_world, 1000, 60000);
	guess(g, &v4_network, 61000, 60000);
	assert_true(guess_limiter_admits(g, &stranger, 120999));
	assert_false(guess_limiter_admits(g, &near, 120999));
	guess_limiter_free(g);
}

/* Who guesses from behind the owner's own address is slowed down there. */
static void trust_is_no_leave_to_guess(void **state)
{
	(void)state;
	struct guess_limiter *g = guess_limiter_new(true);
	struct addr owner = ip("192.0.2.7");
	guess_limiter_right(g, &owner, 1000);
	for (int i = 0; i < 2 * GUESS_LIMITER_BURST && guess_limiter_admits(g, &owner, 2000); i++)
		guess_limiter_wrong(g, &owner, 2000);
	assert_false(guess_limiter_admits(g, &owner, 2000));
	assert_true(guess_limiter_admits(g, &owner, 3000));
	guess_limiter_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(guesses_are_few_from_wherever_they_come),
	    cmocka_unit_test(who_was_right_comes_in_while_the_world_guesses),
	    cmocka_unit_test(a_network_pushes_out_nobody_who_was_right),
	    cmocka_unit_test(without_a_rate_of_all_who_comes_from_elsewhere_is_looked_at),
	    cmocka_unit_test(trust_is_no_leave_to_guess),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
