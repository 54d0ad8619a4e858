/* The verdict from tables. */
#include "agent/nat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct addr ip(const char *text)
{
	struct addr a = {0};
	if (text && addr_parse_ip(text, &a) != 0)
		fail_msg("%s", text);
	return a;
}

static void verdicts(void **state)
{
	(void)state;
	static const struct {
		const char *own, *hops[NAT_HOPS], *seen, *want;
	} table[] = {
	    {"11.0.0.5", {"11.0.0.1"}, "11.0.0.5", "public"},
	    {"192.168.1.10", {"192.168.1.1", "100.64.0.1", "11.1.1.1"}, "11.9.9.9", "cgnat"},
	    {"192.168.1.10", {"192.168.1.1", "10.20.0.1", "11.1.1.1"}, "11.9.9.9", "cgnat"},
	    {"100.70.1.2", {"100.70.0.1"}, "11.9.9.9", "cgnat"},
	    {"192.168.1.10",
	     {"192.168.1.1", "11.1.1.1", "11.1.1.2", "11.1.1.3"},
	     "11.9.9.9",
	     "unknown"},
	    {"192.168.1.10", {"192.168.1.1", "192.168.1.2"}, "11.9.9.9", "unknown"},
	    {"192.168.1.10", {NULL, NULL, NULL, NULL}, "11.9.9.9", "unknown"},
	    {"192.168.1.10", {NULL, "100.64.0.1"}, "11.9.9.9", "cgnat"},
	    {"192.168.1.10", {"192.168.1.1", NULL, NULL, "172.16.0.1"}, "11.9.9.9", "cgnat"},
	    {"192.168.1.10", {"192.168.1.1", "192.168.1.1"}, NULL, "unknown"},
	    {"10.0.0.2", {"192.168.1.1"}, NULL, "unknown"},
	    {"11.0.0.5", {"100.64.0.1"}, "11.0.0.5", "public"},
	    {"100.64.5.5", {NULL}, "100.64.5.5", "cgnat"},
	    {"192.168.1.10", {NULL}, "192.168.1.10", "unknown"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct nat_facts f = {.own = {ip(table[i].own)},
				      .own_bits = {24},
				      .own_count = 1,
				      .seen = ip(table[i].seen)};
		for (unsigned h = 0; h < NAT_HOPS; h++)
			f.hops[h] = ip(table[i].hops[h]);
		if (strcmp(nat_text(nat_judge(&f)), table[i].want) != 0)
			fail_msg("row %zu: %s, not %s", i, nat_text(nat_judge(&f)), table[i].want);
	}
}

static void a_carrier_with_private_routers_is_no_nat(void **state)
{
	(void)state;
	struct nat_facts f = {.own = {ip("192.168.1.10")},
			      .own_bits = {24},
			      .own_count = 1,
			      .seen = ip("11.9.9.9"),
			      .asked_seen = true};
	f.hops[0] = ip("192.168.1.1");
	f.hops[1] = ip("10.255.0.1");
	/* the router kept it: the address is its own */
	assert_int_equal(nat_judge(&f), NAT_UNKNOWN);
	f.before_seen = ip("192.168.1.1");
	assert_int_equal(nat_judge(&f), NAT_CGNAT);
	/* a router that never answers says nothing by silence */
	f.hops[0].family = f.before_seen.family = 0;
	assert_int_equal(nat_judge(&f), NAT_CGNAT);
	f.hops[1] = ip("100.64.0.1");
	assert_int_equal(nat_judge(&f), NAT_CGNAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(verdicts),
	    cmocka_unit_test(a_carrier_with_private_routers_is_no_nat),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
