/* Which newcomer is a probe: by port, by time, by its first bytes. */
#include "relay/doors/awaited_probes.h"

#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct armed_probe probe_of(uint8_t first, uint16_t port, uint64_t until_ms)
{
	struct armed_probe p = {.port = port, .until_ms = until_ms};
	memset(p.nonce, first, REACHABILITY_PROBE_NONCE);
	memset(p.proof, first + 100, REACHABILITY_PROBE_PROOF);
	return p;
}

static enum reachability_probe_match match(const struct awaited_probes *all, uint16_t port,
					   uint64_t now_ms, uint8_t first, size_t len,
					   const struct armed_probe **which)
{
	uint8_t bytes[REACHABILITY_PROBE_NONCE];
	memset(bytes, first, sizeof bytes);
	return awaited_probes_match(all, port, now_ms, bytes, len, which);
}

static void none_is_none(void **state)
{
	(void)state;
	const struct armed_probe *which;
	assert_int_equal(awaited_probes_until(NULL, 80, 0), 0);
	assert_int_equal(match(NULL, 80, 0, 1, 16, &which), REACHABILITY_PROBE_OTHER);
}

static void each_has_its_port_and_its_time(void **state)
{
	(void)state;
	struct awaited_probes *all = NULL;
	const struct armed_probe *which = NULL;
	struct armed_probe one = probe_of(1, 80, 1000), two = probe_of(2, 81, 2000);
	awaited_probes_add(&all, &one);
	awaited_probes_add(&all, &two);
	assert_int_equal(awaited_probes_until(all, 80, 999), 1000);
	assert_int_equal(awaited_probes_until(all, 80, 1000), 0);
	assert_int_equal(awaited_probes_until(all, 0, 999), 2000);
	assert_int_equal(awaited_probes_until(all, 82, 0), 0);
	for (size_t len = 0; len <= REACHABILITY_PROBE_NONCE; len++)
		assert_int_equal(match(all, 80, 999, 1, len, &which),
				 len < REACHABILITY_PROBE_NONCE ? REACHABILITY_PROBE_MAYBE
								: REACHABILITY_PROBE_WHOLE);
	assert_int_equal(which->proof[0], 101);
	assert_int_equal(match(all, 80, 1000, 1, 16, &which), REACHABILITY_PROBE_OTHER);
	assert_int_equal(match(all, 81, 999, 1, 16, &which), REACHABILITY_PROBE_OTHER);
	assert_int_equal(match(all, 81, 1999, 2, 16, &which), REACHABILITY_PROBE_WHOLE);
	assert_int_equal(which->proof[0], 102);
	mem_free(all);
}

static void the_oldest_makes_room(void **state)
{
	(void)state;
	struct awaited_probes *all = NULL;
	const struct armed_probe *which;
	for (uint8_t i = 0; i <= AWAITED_PROBES_MOST; i++) {
		struct armed_probe p = probe_of(i, 80, 1000);
		awaited_probes_add(&all, &p);
	}
	assert_int_equal(match(all, 80, 0, 0, 16, &which), REACHABILITY_PROBE_OTHER);
	for (uint8_t i = 1; i <= AWAITED_PROBES_MOST; i++)
		assert_int_equal(match(all, 80, 0, i, 16, &which), REACHABILITY_PROBE_WHOLE);
	mem_free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(none_is_none),
	    cmocka_unit_test(each_has_its_port_and_its_time),
	    cmocka_unit_test(the_oldest_makes_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
