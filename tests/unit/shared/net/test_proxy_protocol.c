#include "shared/net/proxy_protocol.h"

#include "shared/base/err.h"
#include "shared/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
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

/* What is written is read, whole and never sooner. */
static void what_is_written_is_read(void **state)
{
	(void)state;
	static const char *const ends[][2] = {
	    {"192.0.2.1:56324", "198.51.100.7:443"},
	    {"[2001:db8::1]:1", "[2001:db8::2]:65535"},
	    {"192.0.2.1:1", "[2001:db8::2]:2"},
	    {"", "192.0.2.1:1"},
	};
	for (size_t i = 0; i < 2 * sizeof(ends) / sizeof(*ends); i++) {
		struct addr from = at(ends[i / 2][0]), to = at(ends[i / 2][1]);
		uint8_t out[PROXY_PROTOCOL_MAX + 4];
		struct proxy_header h;
		size_t len =
		    proxy_protocol_write(i % 2 + 1, PROXY_TCP, &from, &to, "a.example", out);
		memcpy(out + len, "GET ", 4);
		for (size_t cut = 0; cut < len; cut++)
			assert_int_equal(proxy_protocol_read(out, cut, &h), 0);
		assert_int_equal(proxy_protocol_read(out, len + 4, &h), len);
		assert_int_equal(h.stated, from.family != 0);
		assert_false(h.tls);
		if (h.stated) {
			assert_true(addr_equal(&h.from, &from));
			assert_true(addr_equal(&h.to, &to));
		}
	}
}

static void headers_of_version_1(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int want; /* 0: its length */
		const char *from;
	} cases[] = {
	    {"PROXY UNKNOWN\r\n", 0, ""},
	    {"PROXY UNKNOWN ffff::1 whatever 1 2\r\n", 0, ""},
	    {"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 0\r\n", 0, "192.0.2.1:1"},
	    {"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", ERR_SYNTAX, ""},
	    {"PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n", ERR_SYNTAX, ""},
	    {"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", ERR_SYNTAX, ""},
	    {"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", ERR_SYNTAX, ""},
	    {"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n", ERR_SYNTAX, ""},
	    {"PROXY TCP4 192.0.2.1 192.0.2.2 1 -2\r\n", ERR_SYNTAX, ""},
	    {"PROXY TCP4 192.0.2.1 192.0.2.2 1 2x\r\n", ERR_SYNTAX, ""},
	    {"PROXY TCP4 192.0.2.1 ::1 1 2\r\n", ERR_SYNTAX, ""},
	    {"PROXY TCP4 ::ffff:192.0.2.1 192.0.2.2 1 2\r\n", 0, "192.0.2.1:1"},
	    {"PROXY TCP6 192.0.2.1 ::1 1 2\r\n", ERR_SYNTAX, ""},
	    {"PROXY TCP6 [::1] ::1 1 2\r\n", ERR_SYNTAX, ""},
	    {"PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n", ERR_SYNTAX, ""},
	    {"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n", ERR_SYNTAX, ""},
	    {"PROXY \r\n", ERR_SYNTAX, ""},
	    {"PROXY\r\n", ERR_SYNTAX, ""},
	    {"proxy UNKNOWN\r\n", ERR_SYNTAX, ""},
	    {"GET / HTTP/1.1\r\n", ERR_SYNTAX, ""},
	    {"\x16\x03\x01", ERR_SYNTAX, ""},
	};
	struct proxy_header h;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t len = strlen(cases[i].text);
		int got = proxy_protocol_read((const uint8_t *)cases[i].text, len, &h);
		if (got != (cases[i].want ? cases[i].want : (int)len))
			fail_msg("%d for %s", got, cases[i].text);
		struct addr from = at(cases[i].from);
		assert_int_equal(got > 0 && h.stated, from.family != 0);
		assert_true(!from.family || addr_equal(&h.from, &from));
	}
	char longest[200];
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "PROXY UNKNOWN ", 14);
	assert_int_equal(proxy_protocol_read((uint8_t *)longest, 106, &h), 0);
	assert_int_equal(proxy_protocol_read((uint8_t *)longest, 107, &h), ERR_TOO_BIG);
}

static void headers_of_version_2(void **state)
{
	(void)state;
	static const struct {
		const char *rest; /* hex, behind the signature */
		int want;         /* 0: its length */
		bool stated, tls;
	} cases[] = {
	    {"2111000cc0000201c00002020001003b", 0, true, false},
	    {"2011000cc0000201c00002020001003b", 0, false, false}, /* LOCAL */
	    {"20000000", 0, false, false},
	    {"21000000", 0, false, false},                         /* unspecified */
	    {"2112000cc0000201c00002020001003b", 0, false, false}, /* a datagram's */
	    {"21310002ffff", 0, false, false},                     /* cut UNIX names */
	    {"21110014c0000201c00002020001003b2000050100000000", 0, true, true},
	    {"21110014c0000201c00002020001003b2000050600000000", 0, true, false},
	    {"2111000fc0000201c00002020001003b040000", 0, true, false},
	    {"2111000ec0000201c00002020001003b0400", ERR_SYNTAX, false, false},
	    {"2111000fc0000201c00002020001003b040001", ERR_SYNTAX, false, false},
	    {"2111000bc0000201c000020200010000", ERR_SYNTAX, false, false},
	    {"21210000", ERR_SYNTAX, false, false},
	    {"2211000cc0000201c00002020001003b", ERR_SYNTAX, false, false},
	    {"1111000cc0000201c00002020001003b", ERR_SYNTAX, false, false},
	    {"21110ff1", ERR_TOO_BIG, false, false},
	    {"2111ffff", ERR_TOO_BIG, false, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char hex[200];
		uint8_t bytes[100];
		snprintf(hex, sizeof(hex), SIGNATURE "%s", cases[i].rest);
		size_t len = strlen(hex) / 2;
		struct proxy_header h;
		assert_int_equal(text_unhex(hex, bytes, len), 0);
		int got = proxy_protocol_read(bytes, len, &h);
		if (got != (cases[i].want ? cases[i].want : (int)len))
			fail_msg("%d for %s", got, cases[i].rest);
		if (got > 0) {
			assert_int_equal(h.stated, cases[i].stated);
			assert_int_equal(h.tls, cases[i].tls);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(version_1_is_a_line),
	    cmocka_unit_test(a_scope_is_nobodys_business),
	    cmocka_unit_test(version_2_is_bytes),
	    cmocka_unit_test(the_longest_fits),
	    cmocka_unit_test(what_is_written_is_read),
	    cmocka_unit_test(headers_of_version_1),
	    cmocka_unit_test(headers_of_version_2),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
