/* Where a probe may go, which ports are tried, and what people are told. */
#include "agent/reachability_rules.h"

#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void only_public_addresses_or_the_links(void **state)
{
	(void)state;
	static const struct {
		const char *link, *public_text, *dialled;
	} table[] = {
	    /* the link's own, whatever it is */
	    {"192.168.7.7", NULL, "192.168.7.7:8080"},
	    {"127.0.0.1", "127.0.0.1:8080", "127.0.0.1:8080"},
	    {"203.0.113.10", "203.0.113.10:8080", "203.0.113.10:8080"},
	    /* one that is named and public */
	    {"192.168.7.7", "9.9.9.9:8080", "9.9.9.9:8080"},
	    {"2620:fe::9", "9.9.9.9:8080", "9.9.9.9:8080"},
	    {"9.9.9.9", "[2620:fe::9]:8000-8999", "[2620:fe::9]:8080"},
	    {"1.1.1.1", "9.9.9.9", "9.9.9.9:8080"},
	    /* none of the home's, and none that is special */
	    {"9.9.9.9", "192.168.1.1:8080", "9.9.9.9:8080"},
	    {"9.9.9.9", "10.0.0.1:8080", "9.9.9.9:8080"},
	    {"9.9.9.9", "172.16.0.1:8080", "9.9.9.9:8080"},
	    {"9.9.9.9", "127.0.0.1:8080", "9.9.9.9:8080"},
	    {"9.9.9.9", "169.254.169.254:80", "9.9.9.9:8080"},
	    {"9.9.9.9", "100.64.0.1:8080", "9.9.9.9:8080"},
	    {"9.9.9.9", "224.0.0.1:8080", "9.9.9.9:8080"},
	    {"9.9.9.9", "0.0.0.0:8080", "9.9.9.9:8080"},
	    {"9.9.9.9", "[::1]:8080", "9.9.9.9:8080"},
	    {"9.9.9.9", "[fe80::1]:8080", "9.9.9.9:8080"},
	    {"9.9.9.9", "[fd00::1]:8080", "9.9.9.9:8080"},
	    {"9.9.9.9", "[::ffff:192.168.1.1]:8080", "9.9.9.9:8080"},
	    {"9.9.9.9", "router:8080", "9.9.9.9:8080"},
	    {"9.9.9.9", "", "9.9.9.9:8080"},
	    {"9.9.9.9", "[", "9.9.9.9:8080"},
	    {"9.9.9.9", "8.8.8.8.8:1", "9.9.9.9:8080"},
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct addr link;
		char text[ADDR_TEXT];
		assert_int_equal(addr_parse_ip(table[i].link, &link), 0);
		link.port = 7000;
		struct addr at = reachability_address(&link, table[i].public_text, 8080);
		assert_string_equal(addr_text(&at, text), table[i].dialled);
	}
}

static void first_last_and_one_between(void **state)
{
	(void)state;
	uint16_t ports[REACHABILITY_PORTS];
	struct mapping m = {.first = 8080, .last = 8080};
	assert_int_equal(reachability_ports(&m, 99, ports), 1);
	assert_int_equal(ports[0], 8080);
	m.last = 8081;
	assert_int_equal(reachability_ports(&m, 99, ports), 2);
	assert_int_equal(ports[1], 8081);
	m.last = 8082;
	for (uint32_t random = 0; random < 5; random++) {
		assert_int_equal(reachability_ports(&m, random, ports), 3);
		assert_int_equal(ports[2], 8081);
	}
	m = (struct mapping){.first = 1, .last = 65535};
	assert_int_equal(reachability_ports(&m, UINT32_MAX, ports), 3);
	assert_int_equal(ports[1], 65535);
	assert_in_range(ports[2], 2, 65534);
}

static void a_name_below_a_wildcard(void **state)
{
	(void)state;
	char out[256];
	reachability_host("blog.alice.example", 7, out);
	assert_string_equal(out, "blog.alice.example");
	reachability_host("*.alice.example", 0xabc, out);
	assert_string_equal(out, "probe-00000abc.alice.example");
}

static void words_for_people(void **state)
{
	(void)state;
	struct addr at;
	assert_int_equal(addr_parse("203.0.113.10:8080", &at), 0);
	char *words = reachability_words(&at, NULL, REACHABILITY_ATTEMPT_SILENT);
	assert_string_equal(words, "open at the relay, but 203.0.113.10:8080 does not answer from "
				   "here: the VPS's firewall, or this home's provider blocks port "
				   "8080 outward");
	mem_free(words);
	words = reachability_words(&at, "a.example", REACHABILITY_ATTEMPT_CUT);
	assert_non_null(
	    strstr(words, "203.0.113.10:8080 does not answer from here for a.example: "));
	mem_free(words);
}

static void seldom_when_all_is_well(void **state)
{
	(void)state;
	assert_int_equal(reachability_again_ms(true), 6 * 3600 * 1000);
	assert_int_equal(reachability_again_ms(false), 10 * 60 * 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_public_addresses_or_the_links),
	    cmocka_unit_test(first_last_and_one_between),
	    cmocka_unit_test(a_name_below_a_wildcard),
	    cmocka_unit_test(words_for_people),
	    cmocka_unit_test(seldom_when_all_is_well),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
