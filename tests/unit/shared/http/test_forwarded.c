/* What proxies say of whom they forward for, and what visitors say to pass for somebody else. */
#include "shared/http/forwarded.h"

#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct cidr proxies[3];
static struct forwarded_trust trust = {.proxies = proxies, .count = 3};

/* "198.51.100.20 https" */
static const char *read(const char *fields, const char *peer_text)
{
	static char out[ADDR_TEXT + 10];
	static struct http_head h;
	char ip[ADDR_TEXT];
	struct addr peer;
	assert_int_equal(cidr_parse("127.0.0.0/8", &proxies[0]), 0);
	assert_int_equal(cidr_parse("192.0.2.0/24", &proxies[1]), 0);
	assert_int_equal(cidr_parse("2001:db8:1::/48", &proxies[2]), 0);
	assert_int_equal(addr_parse(peer_text, &peer), 0);
	char *text = mem_printf("GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
	assert_int_equal(http_head_request((const uint8_t *)text, strlen(text), &h), 0);
	struct forwarded f = forwarded_read(&trust, &h, &peer, "http");
	snprintf(out, sizeof(out), "%s %s",
		 f.visitor.port && !addr_equal(&f.visitor, &peer) ? addr_text(&f.visitor, ip)
								  : addr_ip_text(&f.visitor, ip),
		 f.proto);
	mem_free(text);
	return out;
}

struct row {
	const char *fields, *want;
};

static void expect(const struct row *rows, size_t count, const char *peer)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(read(rows[i].fields, peer), rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].fields, read(rows[i].fields, peer));
}

#define FOR   "X-Forwarded-For: "
#define PROTO "X-Forwarded-Proto: "

static void x_forwarded_for(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"", "127.0.0.1 http"},
	    {FOR "198.51.100.20\r\n", "198.51.100.20 http"},
	    {FOR "198.51.100.20\r\n" PROTO "https\r\n", "198.51.100.20 https"},
	    {FOR "198.51.100.20:4711\r\n" PROTO "HTTPS\r\n", "198.51.100.20:4711 https"},
	    {FOR "2001:db8::9\r\n", "2001:db8::9 http"},
	    {FOR "[2001:db8::9]\r\n", "2001:db8::9 http"},
	    {FOR "[2001:db8::9]:4711\r\n", "[2001:db8::9]:4711 http"},
	    {FOR "\"[2001:db8::9]:4711\"\r\n", "[2001:db8::9]:4711 http"},
	    {FOR "\"198.51.100.20\"\r\n", "198.51.100.20 http"},
	    {FOR "::ffff:198.51.100.20\r\n", "198.51.100.20 http"},
	    /* only what a trusted peer has appended counts */
	    {FOR "10.0.0.1, 198.51.100.20\r\n", "198.51.100.20 http"},
	    {FOR "127.0.0.1, 198.51.100.20\r\n", "198.51.100.20 http"},
	    {FOR "10.0.0.1\r\n" FOR "198.51.100.20\r\n", "198.51.100.20 http"},
	    {FOR "198.51.100.20, 192.0.2.7\r\n", "198.51.100.20 http"},
	    {FOR "198.51.100.20\r\n" FOR "2001:db8:1::5, 192.0.2.7:80\r\n", "198.51.100.20 http"},
	    {FOR "10.0.0.1,198.51.100.20,192.0.2.7,127.0.0.3\r\n", "198.51.100.20 http"},
	    {FOR "192.0.2.9, 192.0.2.7\r\n", "192.0.2.9 http"},
	    /* what cannot be read ends it */
	    {FOR "unknown\r\n", "127.0.0.1 http"},
	    {FOR "198.51.100.20, unknown\r\n", "127.0.0.1 http"},
	    {FOR "198.51.100.20, _hidden, 192.0.2.7\r\n", "192.0.2.7 http"},
	    {FOR "198.51.100.300\r\n", "127.0.0.1 http"},
	    {FOR "198.51.100.20:\r\n", "127.0.0.1 http"},
	    {FOR "198.51.100.20:99999\r\n", "127.0.0.1 http"},
	    {FOR "fe80::1%lo\r\n", "127.0.0.1 http"},
	    {FOR "example.com\r\n", "127.0.0.1 http"},
	    {FOR "198.51.100.20 198.51.100.21\r\n", "127.0.0.1 http"},
	    /* nothing on the left swallows what a proxy has appended */
	    {FOR "\", 198.51.100.20\r\n", "198.51.100.20 http"},
	    {FOR "\"127.0.0.1, 198.51.100.20\r\n", "198.51.100.20 http"},
	    {FOR ",,, ,198.51.100.20,\r\n", "198.51.100.20 http"},
	    /* the scheme is said beside the address, or once for all */
	    {FOR "198.51.100.20, 192.0.2.7\r\n" PROTO "https\r\n", "198.51.100.20 https"},
	    {FOR "198.51.100.20, 192.0.2.7\r\n" PROTO "https, http\r\n", "198.51.100.20 https"},
	    {FOR "10.0.0.1, 198.51.100.20\r\n" PROTO "https, http\r\n", "198.51.100.20 http"},
	    {FOR "198.51.100.20\r\n" PROTO "wss\r\n", "198.51.100.20 https"},
	    {FOR "198.51.100.20\r\n" PROTO "ws\r\n", "198.51.100.20 http"},
	    {FOR "198.51.100.20\r\n" PROTO "gopher\r\n", "198.51.100.20 http"},
	    {PROTO "https\r\n", "127.0.0.1 https"},
	    /* the other header is nobody's word */
	    {"Forwarded: for=203.0.113.9;proto=https\r\n", "127.0.0.1 http"},
	    {FOR "198.51.100.20\r\nForwarded: for=203.0.113.9\r\n", "198.51.100.20 http"},
	};
	trust.by_forwarded = false;
	expect(rows, sizeof(rows) / sizeof(*rows), "127.0.0.1:5000");
}

static void forwarded(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"", "192.0.2.3 http"},
	    {"Forwarded: for=198.51.100.20\r\n", "198.51.100.20 http"},
	    {"Forwarded: for=198.51.100.20;proto=https;by=192.0.2.3\r\n", "198.51.100.20 https"},
	    {"Forwarded: By=192.0.2.3; Proto=\"https\" ; For=\"198.51.100.20:4711\"\r\n",
	     "198.51.100.20:4711 https"},
	    {"Forwarded: for=\"[2001:db8::9]:4711\"\r\n", "[2001:db8::9]:4711 http"},
	    {"Forwarded: for=\"[2001:db8::9]\"\r\n", "2001:db8::9 http"},
	    {"Forwarded: for=198.51.100.20;proto=https, for=192.0.2.7;proto=http\r\n",
	     "198.51.100.20 https"},
	    {"Forwarded: for=10.0.0.1;proto=https\r\nForwarded: for=198.51.100.20\r\n",
	     "198.51.100.20 http"},
	    {"Forwarded: for=198.51.100.20, for=unknown\r\n", "192.0.2.3 http"},
	    {"Forwarded: for=198.51.100.20, for=_secret, for=192.0.2.7\r\n", "192.0.2.7 http"},
	    {"Forwarded: for=198.51.100.20;for=198.51.100.21\r\n", "192.0.2.3 http"},
	    {"Forwarded: proto=https\r\n", "192.0.2.3 https"},
	    {"Forwarded: for=\", for=198.51.100.20\r\n", "198.51.100.20 http"},
	    {"Forwarded: secret=a;forx=1.2.3.4;for=198.51.100.20\r\n", "198.51.100.20 http"},
	    {FOR "203.0.113.9\r\n" PROTO "https\r\n", "192.0.2.3 http"},
	    {"Forwarded: for=198.51.100.20\r\n" PROTO "https\r\n", "198.51.100.20 http"},
	};
	trust.by_forwarded = true;
	expect(rows, sizeof(rows) / sizeof(*rows), "192.0.2.3:5000");
}

/* Whoever is not trusted is the visitor, whatever it says. */
static void a_stranger_states_nothing(void **state)
{
	(void)state;
	static const char said[] = FOR "203.0.113.9\r\n" PROTO "https\r\n"
				       "Forwarded: for=203.0.113.9;proto=https\r\n";
	for (int i = 0; i < 2; i++) {
		trust.by_forwarded = i;
		assert_string_equal(read(said, "198.51.100.1:5000"), "198.51.100.1 http");
		assert_string_equal(read(said, "[2001:db8:2::1]:5000"), "2001:db8:2::1 http");
	}
	trust.count = 0;
	assert_string_equal(read(said, "127.0.0.1:5000"), "127.0.0.1 http");
	trust.count = 3;
}

/* More hops than anybody has: the last of them are looked at. */
static void a_long_list_is_read_from_its_end(void **state)
{
	(void)state;
	char fields[8000] = FOR "203.0.113.9";
	for (int i = 0; i < 300; i++)
		strcat(fields, ", 192.0.2.7");
	strcat(fields, ", 198.51.100.20\r\n");
	trust.by_forwarded = false;
	assert_string_equal(read(fields, "127.0.0.1:5000"), "198.51.100.20 http");
	strcpy(strrchr(fields, ','), "\r\n");
	assert_string_equal(read(fields, "127.0.0.1:5000"), "192.0.2.7 http");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(x_forwarded_for),
	    cmocka_unit_test(forwarded),
	    cmocka_unit_test(a_stranger_states_nothing),
	    cmocka_unit_test(a_long_list_is_read_from_its_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
