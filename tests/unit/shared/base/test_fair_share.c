#include "shared/base/fair_share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { RATE = 375000, PIECE = 3000 }; /* of a line of 3 Mbit/s, in bytes a second */

static struct fair_share line;
static uint64_t now_ms;

static void begin(void)
{
	now_ms = 1000;
	fair_share_init(&line, NULL, UINT64_C(8) * RATE, now_ms);
}

/* Sends a piece, or less, if there is room for as much as wanted at least. */
static uint64_t send(struct fair_share *l, uint64_t least)
{
	uint64_t room = fair_share_room(l, now_ms), n = room < PIECE ? room : PIECE;
	if (n < least)
		return 0;
	fair_share_take(l, n, now_ms);
	return n;
}

static void without_a_limit_all_goes(void **state)
{
	(void)state;
	struct fair_share all, account, mapping;
	fair_share_init(&all, NULL, 0, 5);
	fair_share_init(&account, &all, 0, 5);
	fair_share_init(&mapping, &account, 0, 5);
	fair_share_take(&mapping, 1 << 30, 6);
	assert_true(fair_share_room(&mapping, 6) == UINT64_MAX);
	assert_int_equal(fair_share_wait_ms(&mapping, 6), 0);
	fair_share_fini(&mapping);
	fair_share_fini(&account);
	fair_share_fini(&all);
}

/* One account with three mappings and one with a single one: halves, and a third of a half each;
 * all of the line is used, and no more. */
static void accounts_share_and_then_mappings(void **state)
{
	(void)state;
	struct fair_share account[2], mapping[4];
	uint64_t sent[4] = {0}, all = 0;
	begin();
	for (int i = 0; i < 2; i++)
		fair_share_init(&account[i], &line, 0, now_ms);
	for (int i = 0; i < 4; i++)
		fair_share_init(&mapping[i], &account[i == 3], 0, now_ms);
	for (uint64_t end = now_ms + 20000; now_ms < end; now_ms++)
		for (int i = 0; i < 4; i++)
			sent[i] += send(&mapping[i], 1000);
	for (int i = 0; i < 4; i++)
		all += sent[i];
	assert_in_range(all, RATE * 20 * 97 / 100, RATE * 20 + 40000);
	assert_in_range(sent[3], all * 45 / 100, all * 55 / 100);
	for (int i = 0; i < 3; i++)
		assert_in_range(sent[i], all * 15 / 100, all * 19 / 100);
	for (int i = 0; i < 4; i++)
		fair_share_fini(&mapping[i]);
	for (int i = 0; i < 2; i++)
		fair_share_fini(&account[i]);
}

/* Somebody types while another takes all there is: each key goes at once, and what the one does not
 * use the other gets. When the first is gone all is the other's. */
static void a_key_waits_for_no_download(void **state)
{
	(void)state;
	struct fair_share account[2], mapping[2];
	uint64_t bulk = 0;
	begin();
	for (int i = 0; i < 2; i++) {
		fair_share_init(&account[i], &line, 0, now_ms);
		fair_share_init(&mapping[i], &account[i], 0, now_ms);
	}
	for (uint64_t end = now_ms + 10000; now_ms < end; now_ms++) {
		bulk += send(&mapping[0], 1);
		if (now_ms % 50)
			continue;
		assert_true(fair_share_room(&mapping[1], now_ms) >= 200);
		fair_share_take(&mapping[1], 200, now_ms);
	}
	assert_in_range(bulk, RATE * 10 * 95 / 100, RATE * 10);
	fair_share_fini(&mapping[1]);
	fair_share_fini(&account[1]);
	bulk = 0;
	for (uint64_t end = now_ms + 10000; now_ms < end; now_ms++)
		bulk += send(&mapping[0], 1);
	assert_in_range(bulk, RATE * 10 * 99 / 100, RATE * 10 + 20000);
	fair_share_fini(&mapping[0]);
	fair_share_fini(&account[0]);
}

/* What was taken without asking (a datagram goes whole) is a debt that all pay. */
static void a_debt_is_paid(void **state)
{
	(void)state;
	struct fair_share account;
	begin();
	fair_share_init(&account, &line, 0, now_ms);
	fair_share_take(&account, RATE, now_ms);
	while (fair_share_room(&account, now_ms))
		fair_share_take(&account, fair_share_room(&account, now_ms), now_ms);
	uint64_t wait = fair_share_wait_ms(&account, now_ms);
	assert_in_range(wait, 1, 1100);
	now_ms += wait;
	assert_true(fair_share_room(&account, now_ms) >= 1000);
	fair_share_change(&line, UINT64_C(80) * RATE, now_ms);
	assert_true(fair_share_room(&account, now_ms) < 100000);
	now_ms += 100;
	assert_true(fair_share_room(&account, now_ms) >= 100000);
	fair_share_fini(&account);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_limit_all_goes),
	    cmocka_unit_test(accounts_share_and_then_mappings),
	    cmocka_unit_test(a_key_waits_for_no_download),
	    cmocka_unit_test(a_debt_is_paid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
