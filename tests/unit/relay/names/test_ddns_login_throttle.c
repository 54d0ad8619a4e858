/* Guessing gets slower and slower; the owner elsewhere, and the owner's router behind the same
 * address, do not. */
#include "relay/names/ddns_login_throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct addr source(const char *ip)
{
	struct addr a;
	assert_int_equal(addr_parse_ip(ip, &a), 0);
	return a;
}

/* Guesses as fast as it is let; how many were looked at within the time. */
static unsigned guess(struct ddns_login_throttle *t, const char *ip, const char *account,
		      uint64_t *now_ms, uint64_t for_ms)
{
	struct addr a = source(ip);
	unsigned looked = 0;
	for (uint64_t end = *now_ms + for_ms; *now_ms < end;) {
		*now_ms += ddns_login_throttle_admit(t, &a, account, *now_ms) + 1;
		looked += *now_ms < end;
	}
	return looked;
}

static void guesses_become_few(void **state)
{
	(void)state;
	struct ddns_login_throttle *t = ddns_login_throttle_new(1024);
	uint64_t now = 1000;
	assert_true(guess(t, "11.0.0.1", "alice", &now, 3600000) < 30);
	ddns_login_throttle_free(t);
}

static void others_are_not_locked_out(void **state)
{
	(void)state;
	struct ddns_login_throttle *t = ddns_login_throttle_new(1024);
	uint64_t now = 1000;
	guess(t, "11.0.0.1", "alice", &now, 600000);
	struct addr owner = source("11.0.0.2"), v6 = source("2a00::1");
	assert_int_equal(ddns_login_throttle_admit(t, &owner, "alice", now), 0);
	assert_int_equal(ddns_login_throttle_admit(t, &v6, "alice", now), 0);
	ddns_login_throttle_free(t);
}

static void a_router_behind_the_guessers_address_goes_on(void **state)
{
	(void)state;
	struct ddns_login_throttle *t = ddns_login_throttle_new(1024);
	uint64_t now = 1000;
	struct addr a = source("11.0.0.1");
	assert_int_equal(ddns_login_throttle_admit(t, &a, "alice", now), 0);
	ddns_login_throttle_right(t, &a, "alice", now);
	guess(t, "11.0.0.1", "bob", &now, 60000);
	guess(t, "11.0.0.1", "carol", &now, 60000);
	guess(t, "11.0.0.1", "erin", &now, 60000);
	assert_true(ddns_login_throttle_admit(t, &a, "dave", now) > 0);
	assert_int_equal(ddns_login_throttle_admit(t, &a, "alice", now), 0);
	ddns_login_throttle_right(t, &a, "alice", now);
	ddns_login_throttle_free(t);
}

static void many_accounts_from_one_prefix_wait(void **state)
{
	(void)state;
	struct ddns_login_throttle *t = ddns_login_throttle_new(4096);
	uint64_t longest = 0;
	for (unsigned i = 0; i < 200; i++) {
		char name[16], ip[40];
		snprintf(name, sizeof(name), "a%u", i);
		snprintf(ip, sizeof(ip), "2a00:1:2:%x::%x", i & 0xff, i); /* a /56 is one source */
		struct addr a = source(ip);
		uint64_t wait = ddns_login_throttle_admit(t, &a, name, 1000);
		longest = wait > longest ? wait : longest;
	}
	assert_true(longest >= 60000);
	ddns_login_throttle_free(t);
}

/* Requests that name no account are a pair like others, not the prefix itself. */
static void nobody_is_a_pair(void **state)
{
	(void)state;
	struct ddns_login_throttle *t = ddns_login_throttle_new(1024);
	struct addr a = source("11.0.0.1");
	for (unsigned i = 0; i <= DDNS_LOGIN_THROTTLE_FREE_PAIR; i++)
		ddns_login_throttle_admit(t, &a, "", 1000);
	assert_true(ddns_login_throttle_admit(t, &a, "", 1000) > 0);
	assert_int_equal(ddns_login_throttle_admit(t, &a, "alice", 1000), 0);
	ddns_login_throttle_right(t, &a, "", 1000);
	ddns_login_throttle_free(t);
}

static void side_by_side_is_no_faster(void **state)
{
	(void)state;
	struct ddns_login_throttle *t = ddns_login_throttle_new(1024);
	struct addr a = source("11.0.0.1");
	unsigned soon = 0;
	for (unsigned i = 0; i < 1000; i++)
		soon += ddns_login_throttle_admit(t, &a, "alice", 1000) < 10000;
	assert_true(soon < 15);
	ddns_login_throttle_free(t);
}

static void what_was_right_is_forgotten_and_undone_does_not_count(void **state)
{
	(void)state;
	struct ddns_login_throttle *t = ddns_login_throttle_new(1024);
	struct addr a = source("11.0.0.1");
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(ddns_login_throttle_admit(t, &a, "alice", 1000 + i), 0);
		ddns_login_throttle_right(t, &a, "alice", 1000 + i);
	}
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(ddns_login_throttle_admit(t, &a, "bob", 1000 + i), 0);
		ddns_login_throttle_undo(t, &a, "bob", 1000 + i);
	}
	ddns_login_throttle_free(t);
}

static void the_table_is_bounded(void **state)
{
	(void)state;
	struct ddns_login_throttle *t = ddns_login_throttle_new(64);
	for (unsigned i = 0; i < 100000; i++) {
		struct addr a = {.family = 4,
				 .ip = {11, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
		ddns_login_throttle_admit(t, &a, "alice", 1000 + i);
	}
	ddns_login_throttle_free(t);
}

/* Each attempt from another /56 of one /48. */
static void a_network_is_one_guesser(void **state)
{
	(void)state;
	struct ddns_login_throttle *t = ddns_login_throttle_new(4096);
	unsigned looked = 0;
	struct addr known = source("2a00:1:2:ff00::1"), elsewhere = source("2a00:1:3::1");
	ddns_login_throttle_admit(t, &known, "alice", 1000);
	ddns_login_throttle_right(t, &known, "alice", 1000);
	for (unsigned i = 0; i < 1000; i++) {
		char ip[40];
		snprintf(ip, sizeof ip, "2a00:1:2:%x::1", i % 250 << 8);
		struct addr a = source(ip);
		if (ddns_login_throttle_admit(t, &a, "alice", 1000)) {
			ddns_login_throttle_undo(t, &a, "alice", 1000);
			continue;
		}
		ddns_login_throttle_wrong(t, &a, 1000);
		looked++;
	}
	assert_int_equal(looked, DDNS_LOGIN_THROTTLE_NETWORK_BURST);
	assert_int_equal(ddns_login_throttle_admit(t, &known, "alice", 1000), 0);
	assert_int_equal(ddns_login_throttle_admit(t, &elsewhere, "alice", 1000), 0);
	ddns_login_throttle_free(t);
}

/* One beside it guesses under more names than there are places, then as fast as it goes. */
static void a_neighbour_pushes_out_nobody_who_was_right(void **state)
{
	(void)state;
	struct ddns_login_throttle *t = ddns_login_throttle_new(256);
	struct addr router = source("192.0.2.1"), neighbour = source("192.0.2.9");
	char name[16];
	ddns_login_throttle_admit(t, &router, "alice", 1000);
	ddns_login_throttle_right(t, &router, "alice", 1000);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "a%d", i);
		ddns_login_throttle_admit(t, &neighbour, name, 1000);
		ddns_login_throttle_wrong(t, &neighbour, 1000);
	}
	assert_true(ddns_login_throttle_is_proven(t, &router, "alice", 1000));
	assert_int_equal(ddns_login_throttle_admit(t, &router, "alice", 1000), 0);
	ddns_login_throttle_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(guesses_become_few),
	    cmocka_unit_test(others_are_not_locked_out),
	    cmocka_unit_test(a_router_behind_the_guessers_address_goes_on),
	    cmocka_unit_test(many_accounts_from_one_prefix_wait),
	    cmocka_unit_test(nobody_is_a_pair),
	    cmocka_unit_test(side_by_side_is_no_faster),
	    cmocka_unit_test(what_was_right_is_forgotten_and_undone_does_not_count),
	    cmocka_unit_test(the_table_is_bounded),
	    cmocka_unit_test(a_network_is_one_guesser),
	    cmocka_unit_test(a_neighbour_pushes_out_nobody_who_was_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
