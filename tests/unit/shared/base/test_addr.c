#include "shared/base/addr.h"

#include "shared/base/err.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct addr ip(const char *text)
{
	struct addr a;
	if (addr_parse_ip(text, &a) != 0)
		fail_msg("%s does not parse", text);
	return a;
}

static void addresses_are_read_and_written(void **state)
{
	(void)state;
	static const char *const rows[][2] = {{"192.0.2.1", "192.0.2.1"},
					      {"0.0.0.0", "0.0.0.0"},
					      {"2001:DB8::0001", "2001:db8::1"},
					      {"[2001:db8::1]", "2001:db8::1"},
					      {"::", "::"},
					      {"::ffff:192.0.2.1", "192.0.2.1"},
					      {"[::ffff:c000:201]", "192.0.2.1"},
					      {"fe80::1%1", "fe80::1%1"},
					      {"fe80::1%lo", "fe80::1%1"},
					      {"2001:db8::1%1", "2001:db8::1"}};
	char text[ADDR_TEXT];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr a = ip(rows[i][0]);
		assert_string_equal(addr_ip_text(&a, text), rows[i][1]);
		assert_int_equal(a.port, 0);
	}
	assert_string_equal(addr_ip_text(&(struct addr){0}, text), "none");
}

static void what_is_no_address_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "",
	    "1.2.3",
	    "1.2.3.4.5",
	    "256.1.1.1",
	    "01.2.3.4",
	    "1.2.3.4 ",
	    "[1.2.3.4]",
	    "::1]",
	    "[::1",
	    "[]",
	    ":::",
	    "1::2::3",
	    "fe80::1%",
	    "g::",
	    "1.2.3.4:80",
	    "[::1]:80",
	    "localhost",
	    "fe80::1%no-such-if",
	    "0000000000000000000000000000000000000000000000000000000000000000000000000001"};
	struct addr a;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (addr_parse_ip(bad[i], &a) != ERR_SYNTAX)
			fail_msg("%s passes", bad[i]);
}

static void the_port_is_required(void **state)
{
	(void)state;
	static const char *const good[][2] = {{"192.0.2.1:80", "192.0.2.1:80"},
					      {"[::]:7000", "[::]:7000"},
					      {"127.0.0.1:0", "127.0.0.1:0"},
					      {"[::ffff:1.2.3.4]:5", "1.2.3.4:5"},
					      {"[fe80::1%1]:65535", "[fe80::1%1]:65535"}};
	static const char *const bad[] = {
	    "192.0.2.1", "192.0.2.1:",  "192.0.2.1:65536", "192.0.2.1:-1", "::1:80",
	    "[::1]",     "[::1]:",      "[::1]80",         ":80",          "",
	    "host:80",   "1.2.3.4:80x", "[1.2.3.4]:80"};
	char text[ADDR_TEXT];
	struct addr a;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(addr_parse(good[i][0], &a), 0);
		assert_string_equal(addr_text(&a, text), good[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (addr_parse(bad[i], &a) != ERR_SYNTAX)
			fail_msg("%s passes", bad[i]);
}

static void the_longest_address_fits_its_text(void **state)
{
	(void)state;
	char text[ADDR_TEXT];
	struct addr a = ip("fe80:1111:2222:3333:4444:5555:6666:7777");
	a.scope = UINT32_MAX;
	a.port = 65535;
	assert_string_equal(addr_text(&a, text),
			    "[fe80:1111:2222:3333:4444:5555:6666:7777%4294967295]:65535");
}

static void sockaddrs_go_both_ways(void **state)
{
	(void)state;
	static const char *const rows[] = {"192.0.2.1:80", "[2001:db8::1]:443", "[fe80::5%3]:9"};
	for (size_t i = 0; i < 3; i++) {
		struct sockaddr_storage ss;
		struct addr a, b;
		assert_int_equal(addr_parse(rows[i], &a), 0);
		assert_int_equal(addr_to_sockaddr(&a, &ss),
				 i ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
		assert_true(addr_from_sockaddr(&b, (struct sockaddr *)&ss));
		assert_true(addr_equal(&a, &b));
		assert_memory_equal(&a, &b, sizeof(a));
	}
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(5)};
	struct sockaddr other = {.sa_family = AF_UNIX};
	struct sockaddr_storage ss;
	struct addr a;
	inet_pton(AF_INET6, "::ffff:10.1.2.3", &in6.sin6_addr);
	assert_true(addr_from_sockaddr(&a, (struct sockaddr *)&in6));
	assert_int_equal(a.family, 4);
	assert_memory_equal(a.ip, "\x0a\x01\x02\x03", 4);
	assert_int_equal(a.port, 5);
	assert_false(addr_from_sockaddr(&a, &other));
	assert_int_equal(a.family, 0);
	assert_int_equal(addr_to_sockaddr(&a, &ss), 0);
}

static void v4_fits_where_only_v6_is_known(void **state)
{
	(void)state;
	struct addr four = ip("192.0.2.1"), six = ip("2001:db8::1"), back;
	four.port = six.port = 80;
	struct addr mapped = addr_mapped(&four), same = addr_mapped(&six);
	struct sockaddr_storage ss;
	assert_int_equal(mapped.family, 6);
	assert_int_equal(addr_to_sockaddr(&mapped, &ss), sizeof(struct sockaddr_in6));
	/* where mapped ones become v4 again */
	assert_true(addr_from_sockaddr(&back, (struct sockaddr *)&ss));
	assert_true(addr_equal(&back, &four));
	assert_true(addr_equal(&same, &six));
}

static void addresses_are_compared(void **state)
{
	(void)state;
	struct addr a = ip("10.0.0.1"), b = ip("::ffff:10.0.0.1"), c = ip("a00:1::"),
		    l1 = ip("fe80::1%1"), l2 = ip("fe80::1%2");
	b.port = 9;
	assert_true(addr_equal_ip(&a, &b));
	assert_false(addr_equal(&a, &b));
	assert_false(addr_equal_ip(&a, &c));
	assert_false(addr_equal_ip(&l1, &l2));
}

enum { PUBLIC = 1, PRIVATE = 2, CARRIER = 4, DOCUMENTATION = 8, LOOPBACK = 16, ANY = 32 };

static void kinds_of_addresses(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned kinds;
	} rows[] = {{"0.0.0.0", ANY},
		    {"0.255.255.255", 0},
		    {"1.0.0.0", PUBLIC},
		    {"9.255.255.255", PUBLIC},
		    {"10.0.0.0", PRIVATE},
		    {"10.255.255.255", PRIVATE},
		    {"11.0.0.0", PUBLIC},
		    {"100.63.255.255", PUBLIC},
		    {"100.64.0.0", CARRIER},
		    {"100.127.255.255", CARRIER},
		    {"100.128.0.0", PUBLIC},
		    {"126.255.255.255", PUBLIC},
		    {"127.0.0.0", LOOPBACK},
		    {"127.255.255.255", LOOPBACK},
		    {"128.0.0.0", PUBLIC},
		    {"169.253.255.255", PUBLIC},
		    {"169.254.0.0", 0},
		    {"169.255.0.0", PUBLIC},
		    {"172.15.255.255", PUBLIC},
		    {"172.16.0.0", PRIVATE},
		    {"172.31.255.255", PRIVATE},
		    {"172.32.0.0", PUBLIC},
		    {"192.0.1.255", PUBLIC},
		    {"192.0.2.0", DOCUMENTATION},
		    {"192.0.3.0", PUBLIC},
		    {"192.167.255.255", PUBLIC},
		    {"192.168.0.0", PRIVATE},
		    {"192.169.0.0", PUBLIC},
		    {"198.51.100.255", DOCUMENTATION},
		    {"203.0.113.77", DOCUMENTATION},
		    {"203.0.114.0", PUBLIC},
		    {"223.255.255.255", PUBLIC},
		    {"224.0.0.0", 0},
		    {"239.255.255.255", 0},
		    {"240.0.0.0", 0},
		    {"255.255.255.255", 0},
		    {"::ffff:10.0.0.1", PRIVATE},
		    {"::", ANY},
		    {"::1", LOOPBACK},
		    {"::2", 0},
		    {"64:ff9b::1", 0},
		    {"100::", PUBLIC},
		    {"2001:db7:ffff::", PUBLIC},
		    {"2001:db8::1", DOCUMENTATION},
		    {"2001:db9::", PUBLIC},
		    {"2606:4700::1", PUBLIC},
		    {"fbff::", PUBLIC},
		    {"fc00::", PRIVATE},
		    {"fdff::1", PRIVATE},
		    {"fe00::", PUBLIC},
		    {"fe80::1", 0},
		    {"febf::1", 0},
		    {"fec0::", PUBLIC},
		    {"ff02::1", 0}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr a = ip(rows[i].text);
		unsigned kinds =
		    (addr_is_public(&a) ? PUBLIC : 0) | (addr_is_private(&a) ? PRIVATE : 0) |
		    (addr_is_carrier(&a) ? CARRIER : 0) |
		    (addr_is_documentation(&a) ? DOCUMENTATION : 0) |
		    (addr_is_loopback(&a) ? LOOPBACK : 0) | (addr_is_any(&a) ? ANY : 0);
		if (kinds != rows[i].kinds)
			fail_msg("%s is %u, not %u", rows[i].text, kinds, rows[i].kinds);
	}
	struct addr none = {0};
	assert_false(addr_is_public(&none) || addr_is_any(&none) || addr_is_loopback(&none));
}

static void networks_hold_their_addresses(void **state)
{
	(void)state;
	static const struct {
		const char *net, *addr;
		bool inside;
	} rows[] = {{"198.51.100.0/24", "198.51.100.255", true},
		    {"198.51.100.0/24", "198.51.101.0", false},
		    {"0.0.0.0/0", "255.255.255.255", true},
		    {"0.0.0.0/0", "::1", false},
		    {"10.0.0.0/9", "10.127.255.255", true},
		    {"10.0.0.0/9", "10.128.0.0", false},
		    {"10.0.0.7", "10.0.0.7", true},
		    {"10.0.0.7", "10.0.0.6", false},
		    {"10.0.0.6/31", "10.0.0.7", true},
		    {"2001:db8::/32", "2001:db8:ffff::1", true},
		    {"2001:db8::/32", "2001:db9::", false},
		    {"::/0", "fe80::1%1", true},
		    {"::1", "::1", true},
		    {"::1", "::2", false},
		    {"::ffff:10.0.0.0/104", "10.9.9.9", true},
		    {"::ffff:10.0.0.0/104", "11.0.0.0", false},
		    {"10.0.0.0/8", "::ffff:10.1.1.1", true}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cidr c;
		struct addr a = ip(rows[i].addr);
		assert_int_equal(cidr_parse(rows[i].net, &c), 0);
		if (cidr_contains(&c, &a) != rows[i].inside)
			fail_msg("%s in %s", rows[i].addr, rows[i].net);
	}
}

static void broken_networks_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"",
					  "/8",
					  "10.0.0.0/",
					  "10.0.0.0/33",
					  "10.0.0.1/24",
					  "10.0.0.0/8/8",
					  "10.0.0.0/-1",
					  "10.0/8",
					  "::/129",
					  "2001:db8::1/64",
					  "::ffff:10.0.0.0/95",
					  "host/8"};
	struct cidr c;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (cidr_parse(bad[i], &c) != ERR_SYNTAX)
			fail_msg("%s passes", bad[i]);
}

static void a_source_is_an_address_or_a_64(void **state)
{
	(void)state;
	struct addr a, b, s;
	addr_parse("192.0.2.7:99", &a);
	b = ip("192.0.2.7");
	s = addr_source(&a);
	assert_true(addr_equal(&s, &b));
	addr_parse("[2001:db8:1:2:3:4:5:6]:99", &a);
	b = ip("2001:db8:1:2::");
	s = addr_source(&a);
	assert_true(addr_equal(&s, &b));
}

static void endpoints_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text, *host;
		uint16_t first, last;
		bool numeric;
	} rows[] = {{"127.0.0.1:80", "127.0.0.1", 80, 80, true},
		    {"NAS.lan:80", "nas.lan", 80, 80, false},
		    {"nas.lan.:1-65535", "nas.lan", 1, 65535, false},
		    {"[FD00::4]:50000-50009", "fd00::4", 50000, 50009, true},
		    {"[::ffff:1.2.3.4]:5", "1.2.3.4", 5, 5, true},
		    {"cam1:554", "cam1", 554, 554, false}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct endpoint e;
		const char *why = NULL;
		assert_int_equal(endpoint_parse(rows[i].text, &e, &why), 0);
		assert_null(why);
		assert_string_equal(e.host, rows[i].host);
		assert_int_equal(e.first, rows[i].first);
		assert_int_equal(e.last, rows[i].last);
		assert_int_equal(e.numeric, rows[i].numeric);
		assert_int_equal(e.addr.port, rows[i].numeric ? rows[i].first : 0);
		assert_int_equal(e.addr.family != 0, rows[i].numeric);
	}
}

static void a_broken_endpoint_says_why(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
	    {"192.168.1.20", "names no port"},
	    {"192.168.1.20:", "names no port"},
	    {"nas", "names no port"},
	    {"80", "names no port"},
	    {"", "names no port"},
	    {"[::1]", "names no port"},
	    {"[::1]:", "names no port"},
	    {"[::1:80", "has no closing bracket"},
	    {"[::1]80", "is not [ADDRESS]:PORT"},
	    {"[::1]80:80", "is not [ADDRESS]:PORT"},
	    {":80", "names no host"},
	    {"fd00::4:80", "is an IPv6 address without brackets: write [ADDRESS]:PORT"},
	    {"nas:80:90", "has two colons, where HOST:PORT has one"},
	    {"192.168.1.5:80/", "has a slash, where HOST:PORT is wanted"},
	    {"tcp://192.168.1.5:80", "is a URL, where HOST:PORT is wanted"},
	    {"nas:0", "names a port that is not 1 to 65535, or a range that is not FIRST-LAST"},
	    {"nas:65536", "names a port that is not 1 to 65535, or a range that is not FIRST-LAST"},
	    {"nas:90-80", "names a port that is not 1 to 65535, or a range that is not FIRST-LAST"},
	    {"nas:80-", "names a port that is not 1 to 65535, or a range that is not FIRST-LAST"},
	    {"nas:http", "names a port that is not 1 to 65535, or a range that is not FIRST-LAST"},
	    {"192.168.1.300:80", "names a host that is no address"},
	    {"[nas]:80", "names a host that is no address"},
	    {"n s:80", "names a host that is neither a name nor an address"},
	    {"http://nas:80", "is a URL, where HOST:PORT is wanted"},
	    {"user@nas:80", "names a host that is neither a name nor an address"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct endpoint e;
		const char *why = "nothing";
		int rc = endpoint_parse(rows[i][0], &e, &why);
		if (rc != ERR_SYNTAX || strcmp(why, rows[i][1]) != 0)
			fail_msg("\"%s\" %s", rows[i][0], why);
	}
	char text[400];
	struct endpoint e;
	const char *why;
	snprintf(text, sizeof(text), "%0300d:80", 0);
	assert_int_equal(endpoint_parse(text, &e, &why), ERR_SYNTAX);
	assert_string_equal(why, "names a host that is too long");
}

static void no_address_says_why(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
	    {"203.0.113.300",
	     "is no address: that is four numbers from 0 to 255, as in 203.0.113.10"},
	    {"256.1.1.1", "is no address: that is four numbers from 0 to 255, as in 203.0.113.10"},
	    {"203.0.113", "is no address: that is four numbers from 0 to 255, as in 203.0.113.10"},
	    {"203.0.113.10:80", "has a port, where an address alone is wanted"},
	    {"[2001:db8::1]:80", "has a port, where an address alone is wanted"},
	    {"203.0.113.0/24", "has a slash, where an address alone is wanted"},
	    {"2001:db8::g", "is no IPv6 address"},
	    {"home.example.com", "is a name, where an address such as 203.0.113.10 is wanted"},
	    {"relay.300", "is no address"},
	    {"a b", "is no address"},
	    {"", "is no address"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr a;
		assert_int_equal(addr_parse_ip(rows[i][0], &a), ERR_SYNTAX);
		assert_string_equal(addr_fault(rows[i][0]), rows[i][1]);
	}
}

static void lists_of_ports_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		struct ports_range range;
	} rows[] = {{"8000-8999", {8000, 8999, PORTS_TCP}},
		    {"6310", {6310, 6310, PORTS_TCP}},
		    {"53/tcp", {53, 53, PORTS_TCP}},
		    {"51820/udp", {51820, 51820, PORTS_UDP}},
		    {"1-65535/both", {1, 65535, PORTS_TCP | PORTS_UDP}}};
	static const char *const bad[] = {"",
					  "0",
					  "65536",
					  "9-8",
					  "0-5",
					  "-5",
					  "5-",
					  "5-6-7",
					  "5/",
					  "5/sctp",
					  "/udp",
					  "5/udp ",
					  "5, 6",
					  "5-65536",
					  "a",
					  "5/udp/udp",
					  "00000000000000000000005"};
	struct ports_range r;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ports_parse_one(rows[i].text, &r), 0);
		assert_int_equal(r.first, rows[i].range.first);
		assert_int_equal(r.last, rows[i].range.last);
		assert_int_equal(r.protocols, rows[i].range.protocols);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ports_parse_one(bad[i], &r) != ERR_SYNTAX)
			fail_msg("%s passes", bad[i]);
}

static void every_port_of_a_range_must_be_allowed(void **state)
{
	(void)state;
	struct ports_range list[] = {{8100, 8199, PORTS_TCP},   {8000, 8099, PORTS_TCP | PORTS_UDP},
				     {8150, 8250, PORTS_TCP},   {9000, 9000, PORTS_UDP},
				     {65000, 65535, PORTS_TCP}, {8050, 8060, PORTS_UDP}};
	size_t n = sizeof(list) / sizeof(list[0]);
	ports_sort(list, n);
	assert_true(ports_allow(list, n, PORTS_TCP, 8000, 8250));
	assert_true(ports_allow(list, n, PORTS_TCP, 8050, 8050));
	assert_true(ports_allow(list, n, PORTS_TCP, 65535, 65535));
	assert_true(ports_allow(list, n, PORTS_UDP, 8000, 8099));
	assert_true(ports_allow(list, n, PORTS_UDP, 9000, 9000));
	assert_false(ports_allow(list, n, PORTS_TCP, 7999, 8000));
	assert_false(ports_allow(list, n, PORTS_TCP, 8000, 8251));
	assert_false(ports_allow(list, n, PORTS_UDP, 8000, 8100));
	assert_false(ports_allow(list, n, PORTS_TCP, 9000, 9000));
	assert_false(ports_allow(list, 0, PORTS_TCP, 1, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses_are_read_and_written),
	    cmocka_unit_test(what_is_no_address_is_refused),
	    cmocka_unit_test(the_port_is_required),
	    cmocka_unit_test(the_longest_address_fits_its_text),
	    cmocka_unit_test(sockaddrs_go_both_ways),
	    cmocka_unit_test(v4_fits_where_only_v6_is_known),
	    cmocka_unit_test(addresses_are_compared),
	    cmocka_unit_test(kinds_of_addresses),
	    cmocka_unit_test(networks_hold_their_addresses),
	    cmocka_unit_test(broken_networks_are_refused),
	    cmocka_unit_test(a_source_is_an_address_or_a_64),
	    cmocka_unit_test(endpoints_are_read),
	    cmocka_unit_test(a_broken_endpoint_says_why),
	    cmocka_unit_test(no_address_says_why),
	    cmocka_unit_test(lists_of_ports_are_read),
	    cmocka_unit_test(every_port_of_a_range_must_be_allowed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
