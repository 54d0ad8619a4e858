#include "shared/net/proxy_protocol.h"

#include "shared/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct addr at(const char *text)
{
	struct addr a = {0};
	if (*text)
		assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static void version_1_is_a_line(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *line;
	} cases[] = {
	    {"192.0.2.1:56324", "198.51.100.7:443",
	     "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n"},
	    {"[2001:db8::1]:1", "[2001:db8::2]:65535",
	     "PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n"},
	    {"192.0.2.1:1", "[2001:db8::2]:2", "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 2\r\n"},
	    {"[2001:db8::2]:2", "192.0.2.1:1", "PROXY TCP6 2001:db8::2 ::ffff:192.0.2.1 2 1\r\n"},
	    {"255.255.255.255:65535", "255.255.255.255:65535",
	     "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"},
	    {"", "192.0.2.1:1", "PROXY UNKNOWN\r\n"},
	    {"192.0.2.1:1", "", "PROXY UNKNOWN\r\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct addr from = at(cases[i].from), to = at(cases[i].to);
		uint8_t out[PROXY_PROTOCOL_MAX];
		size_t len =
		    proxy_protocol_write(1, PROXY_TCP, &from, &to, "ignored.example.com", out);
		assert_int_equal(len, strlen(cases[i].line));
		assert_memory_equal(out, cases[i].line, len);
		assert_true(len <= 107);
		assert_int_equal(proxy_protocol_write(1, PROXY_UDP, &from, &to, NULL, out), 0);
	}
}

static void a_scope_is_nobodys_business(void **state)
{
	(void)state;
	struct addr from = at("[fe80::1]:5"), to = at("[fe80::2]:6");
	from.scope = 3;
	uint8_t out[PROXY_PROTOCOL_MAX];
	size_t len = proxy_protocol_write(1, PROXY_TCP, &from, &to, NULL, out);
	assert_int_equal(len, strlen("PROXY TCP6 fe80::1 fe80::2 5 6\r\n"));
	assert_memory_equal(out, "PROXY TCP6 fe80::1 fe80::2 5 6\r\n", len);
}

#define SIGNATURE "0d0a0d0a000d0a515549540a"

static void version_2_is_bytes(void **state)
{
	(void)state;
	static const struct {
		enum proxy_transport transport;
		const char *from, *to, *authority, *hex;
	} cases[] = {
	    {PROXY_TCP, "192.0.2.1:56324", "198.51.100.7:443", NULL,
	     "2111000cc0000201c6336407dc0401bb"},
	    {PROXY_UDP, "192.0.2.1:56324", "198.51.100.7:443", NULL,
	     "2112000cc0000201c6336407dc0401bb"},
	    {PROXY_TCP, "192.0.2.1:1", "198.51.100.7:2", "a.bc",
	     "21110013c0000201c6336407000100020200"
	     "04612e6263"},
	    {PROXY_TCP, "[2001:db8::1]:1", "[2001:db8::2]:2", NULL,
	     "2121002420010db800000000000000000000000120010db800000000000000000000000200010002"},
	    {PROXY_UDP, "192.0.2.1:1", "[2001:db8::2]:2", NULL,
	     "2122002400000000000000000000ffffc000020120010db800000000000000000000000200010002"},
	    {PROXY_TCP, "", "198.51.100.7:2", NULL, "20000000"},
	    {PROXY_TCP, "", "198.51.100.7:2", "a", "2000000402000161"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct addr from = at(cases[i].from), to = at(cases[i].to);
		uint8_t out[PROXY_PROTOCOL_MAX];
		char hex[2 * PROXY_PROTOCOL_MAX + 1], want[2 * PROXY_PROTOCOL_MAX + 1] = SIGNATURE;
		size_t len = proxy_protocol_write(2, cases[i].transport, &from, &to,
						  cases[i].authority, out);
		text_hex(out, len, hex);
		strcat(want, cases[i].hex);
		assert_string_equal(hex, want);
	}
}

static void the_longest_fits(void **state)
{
	(void)state;
	struct addr a = at("[2001:db8:1111:2222:3333:4444:5555:6666]:65535");
	char name[257];
	uint8_t out[PROXY_PROTOCOL_MAX];
	memset(name, 'a', sizeof(name));
	name[256] = 0;
	assert_int_equal(proxy_protocol_write(2, PROXY_TCP, &a, &a, name, out), 16 + 36);
	name[255] = 0;
	assert_int_equal(proxy_protocol_write(2, PROXY_TCP, &a, &a, name, out), PROXY_PROTOCOL_MAX);
	assert_true(proxy_protocol_write(1, PROXY_TCP, &a, &a, NULL, out) <= 107);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(version_1_is_a_line),
	    cmocka_unit_test(a_scope_is_nobodys_business),
	    cmocka_unit_test(version_2_is_bytes),
	    cmocka_unit_test(the_longest_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
