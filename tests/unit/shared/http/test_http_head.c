#include "shared/http/http_head.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Scans and parses a copy of exactly that size, so that the sanitizer sees every byte read too
 * much. */
static int parse(const char *text, size_t len, struct http_head *h)
{
	static uint8_t *kept;
	struct http_scan scan;
	mem_free(kept);
	kept = mem_dup(text, len);
	http_scan_init(&scan, HTTP_STRICT);
	int found = http_scan(&scan, kept, len);
	int err = found <= 0 ? found : http_head_request(kept, (size_t)found, h);
	if (found == 0)
		err = 1;
	else if (!err && h->two_hosts) /* refused by who routes */
		err = ERR_SYNTAX;
	if (err) {
		mem_free(kept);
		kept = NULL;
	}
	return err;
}

#define GET  "GET / HTTP/1.1\r\n"
#define HOST "Host: a.example\r\n"

/* What made two readers see two requests somewhere, once; none may get through. */
static void smuggling_is_refused(void **state)
{
	(void)state;
	static const char *const cases[] = {
	    /* two lengths */
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: 5,6\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
	    /* lengths that are none */
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: -5\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: 5 6\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: 5;\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551616\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551621\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999999\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Content-Length : 5\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Content-Length\t: 5\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST " Content-Length: 5\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n 5\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n 5\r\n\r\n",
	    /* codings that are not chunked, or are hidden */
	    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, identity\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST
	    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST
	    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST
	    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n chunked\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\x0b"
	    "chunked\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \"chunked\"\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Foo: bar\r\n\tTransfer-Encoding: chunked\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Foo: bar\nTransfer-Encoding: chunked\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Foo: bar\rTransfer-Encoding: chunked\r\n\r\n",
	    "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
	    /* hosts */
	    GET "\r\n",
	    GET HOST HOST "\r\n",
	    GET HOST "Host: b.example\r\n\r\n",
	    GET "Host: a.example, b.example\r\n\r\n",
	    GET "Host: a.example b.example\r\n\r\n",
	    GET "Host: a.example/x\r\n\r\n",
	    GET "Host: user@a.example\r\n\r\n",
	    GET "Host: a.example:\x35"
		"x\r\n\r\n",
	    GET "Host: a.example:65536\r\n\r\n",
	    GET "Host: a.example:80:80\r\n\r\n",
	    GET "Host: [::1\r\n\r\n",
	    GET "Host: [::1]x\r\n\r\n",
	    GET "Host: [a.example]\r\n\r\n",
	    GET "Host: a\"b\r\n\r\n",
	    GET "Host: .\r\n\r\n",
	    GET "Host:\r\n a.example\r\n\r\n",
	    GET "Host : a.example\r\n\r\n",
	    GET " Host: a.example\r\n\r\n",
	    GET "\tHost: a.example\r\n\r\n",
	    "GET http://b.example/ HTTP/1.1\r\n" HOST "\r\n",
	    "GET http://a.example:81/ HTTP/1.1\r\n" HOST "\r\n",
	    "GET http://u@a.example/ HTTP/1.1\r\n" HOST "\r\n",
	    "GET http://a.example:443/ HTTP/1.1\r\n" HOST "\r\n",
	    "GET https://a.example:80/ HTTP/1.1\r\n" HOST "\r\n",
	    "GET https://a.example/ HTTP/1.1\r\nHost: a.example:80\r\n\r\n",
	    "GET http://a.example:80x/ HTTP/1.1\r\n" HOST "\r\n",
	    "GET http://a.example/ HTTP/1.0\r\n\r\n",
	    "GET http:///x HTTP/1.1\r\n" HOST "\r\n",
	    "GET ftp://a.example/ HTTP/1.1\r\n" HOST "\r\n",
	    /* request lines */
	    "GET /\r\n\r\n",
	    "GET / HTTP/0.9\r\n" HOST "\r\n",
	    "GET / HTTP/1.2\r\n" HOST "\r\n",
	    "GET / HTTP/2.0\r\n" HOST "\r\n",
	    "GET / HTTP/9.9\r\n" HOST "\r\n",
	    "GET / HTTP/1.10\r\n" HOST "\r\n",
	    "GET / HTTP/01.1\r\n" HOST "\r\n",
	    "GET / HTTP/1.1 \r\n" HOST "\r\n",
	    "GET / HTTP/1.1 x\r\n" HOST "\r\n",
	    "GET / http/1.1\r\n" HOST "\r\n",
	    "GET /a b HTTP/1.1\r\n" HOST "\r\n",
	    "GET /a\tb HTTP/1.1\r\n" HOST "\r\n",
	    "GET /a#b HTTP/1.1\r\n" HOST "\r\n",
	    "GET\t/ HTTP/1.1\r\n" HOST "\r\n",
	    "GET a HTTP/1.1\r\n" HOST "\r\n",
	    "GET * HTTP/1.1\r\n" HOST "\r\n",
	    " GET / HTTP/1.1\r\n" HOST "\r\n",
	    "options * HTTP/1.1\r\n" HOST "\r\n",
	    "G(T / HTTP/1.1\r\n" HOST "\r\n",
	    "G\xc3\x84T / HTTP/1.1\r\n" HOST "\r\n",
	    "GET  / HTTP/1.1\r\n" HOST "\r\n",
	    "GET /  HTTP/1.1\r\n" HOST "\r\n",
	    "GET  HTTP/1.1\r\n" HOST "\r\n",
	    "GET HTTP/1.1\r\n" HOST "\r\n",
	    "HTTP/1.1\r\n" HOST "\r\n",
	    "connect a.example:443 HTTP/1.1\r\n" HOST "\r\n",
	    "CONNECT / HTTP/1.1\r\n" HOST "\r\n",
	    "CONNECT a.example:443 HTTP/1.1\r\n" HOST "\r\n",
	    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	    /* lines */
	    "GET / HTTP/1.1\n" HOST "\r\n",
	    GET "Host: a.example\n\r\n",
	    GET HOST "\n",
	    GET HOST "Foo: bar\n\n",
	    GET HOST "Foo: b\rar\r\n\r\n",
	    GET HOST "Foo: bar\r\r\n\r\n",
	    GET HOST "Foo\r\n\r\n",
	    GET HOST ": bar\r\n\r\n",
	    GET HOST "F oo: bar\r\n\r\n",
	    GET HOST "Foo\x01: bar\r\n\r\n",
	    GET HOST "F\xc3\xb6: bar\r\n\r\n",
	    GET HOST "Foo(: bar\r\n\r\n",
	    GET HOST "Foo: b\x01r\r\n\r\n",
	    GET HOST "Foo: b\x7fr\r\n\r\n",
	    /* what must stay is named as what must go */
	    GET HOST "Connection: close, Host\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST "Connection: content-length\r\nContent-Length: 5\r\n\r\n",
	    "POST / HTTP/1.1\r\n" HOST
	    "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n",
	};
	static struct http_head h;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int err = parse(cases[i], strlen(cases[i]), &h);
		if (err != ERR_SYNTAX)
			fail_msg("%d for %s", err, cases[i]);
	}
	static const char nul[] = GET HOST "Foo: b\0r\r\n\r\n",
			  nul_name[] = GET HOST "F\0o: b\r\n\r\n",
			  nul_line[] = "GET /\0 HTTP/1.1\r\n" HOST "\r\n";
	assert_int_equal(parse(nul, sizeof(nul) - 1, &h), ERR_SYNTAX);
	assert_int_equal(parse(nul_name, sizeof(nul_name) - 1, &h), ERR_SYNTAX);
	assert_int_equal(parse(nul_line, sizeof(nul_line) - 1, &h), ERR_SYNTAX);
}

static const struct good {
	const char *text, *method, *target, *host;
	unsigned port, minor;
	enum http_body body;
	uint64_t length;
	bool keep_alive, upgrade, expect;
} goods[] = {
    {GET HOST "\r\n", "GET", "/", "a.example", 0, 1, HTTP_BODY_NONE, 0, true, false, false},
    {GET "host:A.Example.:8080\r\n\r\n", "GET", "/", "a.example", 8080, 1, HTTP_BODY_NONE, 0, true,
     false, false},
    {GET "Host: [2001:DB8::1]:80\r\n\r\n", "GET", "/", "2001:db8::1", 80, 1, HTTP_BODY_NONE, 0,
     true, false, false},
    {GET "Host: 192.0.2.1\r\n\r\n", "GET", "/", "192.0.2.1", 0, 1, HTTP_BODY_NONE, 0, true, false,
     false},
    {GET "Host: a_b.example\r\n\r\n", "GET", "/", "a_b.example", 0, 1, HTTP_BODY_NONE, 0, true,
     false, false},
    {GET "Host:\r\n\r\n", "GET", "/", "", 0, 1, HTTP_BODY_NONE, 0, true, false, false},
    {"GET / HTTP/1.0\r\n\r\n", "GET", "/", "", 0, 0, HTTP_BODY_NONE, 0, false, false, false},
    {"GET / HTTP/1.0\r\nHost: x\r\nConnection: Keep-Alive\r\n\r\n", "GET", "/", "x", 0, 0,
     HTTP_BODY_NONE, 0, true, false, false},
    {"POST /a?b=c%20d HTTP/1.1\r\n" HOST "Content-Length: 007\r\n\r\n", "POST", "/a?b=c%20d",
     "a.example", 0, 1, HTTP_BODY_LENGTH, 7, true, false, false},
    {"PUT /x HTTP/1.1\r\n" HOST "Content-Length: \t0 \r\n\r\n", "PUT", "/x", "a.example", 0, 1,
     HTTP_BODY_NONE, 0, true, false, false},
    {"PUT /x HTTP/1.1\r\n" HOST "Content-Length: 9223372036854775807\r\n\r\n", "PUT", "/x",
     "a.example", 0, 1, HTTP_BODY_LENGTH, INT64_MAX, true, false, false},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n", "POST", "/", "a.example", 0,
     1, HTTP_BODY_CHUNKED, 0, true, false, false},
    {"GET / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n", "GET", "/", "a.example", 0, 1,
     HTTP_BODY_LENGTH, 3, true, false, false},
    {GET HOST "Connection: x, Close\r\n\r\n", "GET", "/", "a.example", 0, 1, HTTP_BODY_NONE, 0,
     false, false, false},
    {GET HOST "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n", "GET", "/",
     "a.example", 0, 1, HTTP_BODY_NONE, 0, true, true, false},
    {GET HOST "Upgrade: websocket\r\n\r\n", "GET", "/", "a.example", 0, 1, HTTP_BODY_NONE, 0, true,
     false, false},
    {GET HOST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n",
     "GET", "/", "a.example", 0, 1, HTTP_BODY_NONE, 0, true, false, false},
    {GET HOST "Connection: Upgrade\r\nUpgrade: websocket, H2C\r\n\r\n", "GET", "/", "a.example", 0,
     1, HTTP_BODY_NONE, 0, true, true, false},
    {GET HOST "Connection: Upgrade\r\nUpgrade: H2c,,h2c\r\nUpgrade:\r\n\r\n", "GET", "/",
     "a.example", 0, 1, HTTP_BODY_NONE, 0, true, false, false},
    /* docker exec, and the like */
    {"POST / HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 29\r\n\r\n",
     "POST", "/", "a.example", 0, 1, HTTP_BODY_LENGTH, 29, true, true, false},
    {"POST / HTTP/1.1\r\n" HOST
     "Connection: upgrade\r\nUpgrade: x\r\nTransfer-Encoding: chunked\r\n\r\n",
     "POST", "/", "a.example", 0, 1, HTTP_BODY_CHUNKED, 0, true, true, false},
    {"GET / HTTP/1.0\r\n" HOST "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n", "GET", "/",
     "a.example", 0, 0, HTTP_BODY_NONE, 0, false, false, false},
    {"PUT / HTTP/1.1\r\n" HOST "Content-Length: 9\r\nExpect: 100-Continue\r\n\r\n", "PUT", "/",
     "a.example", 0, 1, HTTP_BODY_LENGTH, 9, true, false, true},
    {"GET HTTP://A.EXAMPLE/p?q HTTP/1.1\r\n" HOST "\r\n", "GET", "/p?q", "a.example", 0, 1,
     HTTP_BODY_NONE, 0, true, false, false},
    {"GET http://a.example:80/p HTTP/1.1\r\n" HOST "\r\n", "GET", "/p", "a.example", 0, 1,
     HTTP_BODY_NONE, 0, true, false, false},
    {"GET http://a.example:/p HTTP/1.1\r\n" HOST "\r\n", "GET", "/p", "a.example", 0, 1,
     HTTP_BODY_NONE, 0, true, false, false},
    {"GET http://a.example/p HTTP/1.1\r\nHost: a.example:80\r\n\r\n", "GET", "/p", "a.example", 80,
     1, HTTP_BODY_NONE, 0, true, false, false},
    {"GET https://A.example:443/p HTTP/1.1\r\n" HOST "\r\n", "GET", "/p", "a.example", 0, 1,
     HTTP_BODY_NONE, 0, true, false, false},
    {"GET http://[2001:db8::1]:80/p HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n", "GET", "/p",
     "2001:db8::1", 0, 1, HTTP_BODY_NONE, 0, true, false, false},
    {"GET http://a.example:8080/p HTTP/1.1\r\nHost: a.example:8080\r\n\r\n", "GET", "/p",
     "a.example", 8080, 1, HTTP_BODY_NONE, 0, true, false, false},
    {"GET https://a.example?q HTTP/1.1\r\n" HOST "\r\n", "GET", "?q", "a.example", 0, 1,
     HTTP_BODY_NONE, 0, true, false, false},
    {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "OPTIONS", "*", "a.example", 0, 1, HTTP_BODY_NONE, 0,
     true, false, false},
    {"PROPFIND /dav/ HTTP/1.1\r\n" HOST "Depth: 1\r\nX-Utf: \xc3\xa4\r\n\r\n", "PROPFIND", "/dav/",
     "a.example", 0, 1, HTTP_BODY_NONE, 0, true, false, false},
    {"GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", "GET", "/\xc3\xa4", "a.example", 0, 1,
     HTTP_BODY_NONE, 0, true, false, false},
};

static void good_requests_are_understood(void **state)
{
	(void)state;
	static struct http_head h;
	for (size_t i = 0; i < sizeof(goods) / sizeof(*goods); i++) {
		const struct good *g = &goods[i];
		int err = parse(g->text, strlen(g->text), &h);
		if (err)
			fail_msg("%d for %s", err, g->text);
		assert_true(http_span_is(h.method, g->method));
		assert_int_equal(h.target.len, strlen(g->target));
		assert_memory_equal(h.target.p, g->target, h.target.len);
		assert_int_equal(h.target_is_bare, g->target[0] == '?');
		assert_string_equal(h.host, g->host);
		assert_int_equal(h.port, g->port);
		assert_int_equal(h.minor, g->minor);
		assert_int_equal(h.body, g->body);
		assert_true(h.length == g->length);
		if (h.keep_alive != g->keep_alive || h.upgrade != g->upgrade ||
		    h.expect_continue != g->expect)
			fail_msg("case %zu", i);
	}
}

/* Every token is a method, also those that the parser behind this reader has never heard of. */
static void any_token_is_a_method(void **state)
{
	(void)state;
	static const char *const methods[] = {
	    "LIST",
	    "RDG_IN_DATA",
	    "RDG_OUT_DATA",
	    "RPC_IN_DATA",
	    "BPROPFIND",
	    "M-SEARCH",
	    "VERSION-CONTROL",
	    "QUERY",
	    "FOO",
	    "RTSP",
	    "get",
	    "Purge",
	    "1",
	    "!#$%&'*+-.^_`|~09azAZ",
	};
	static struct http_head h;
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		char text[200];
		int len =
		    snprintf(text, sizeof(text),
			     "%s /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n", methods[i]);
		assert_int_equal(parse(text, (size_t)len, &h), 0);
		assert_true(http_head_asks(&h, methods[i]));
		assert_int_equal(h.body, HTTP_BODY_LENGTH);
		assert_true(http_span_is(h.target, "/x"));
	}
}

static void every_prefix_waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(goods) / sizeof(*goods); i++) {
		size_t len = strlen(goods[i].text);
		struct http_scan scan;
		http_scan_init(&scan, HTTP_STRICT);
		for (size_t cut = 0; cut < len; cut++) {
			assert_int_equal(http_scan(&scan, (const uint8_t *)goods[i].text, cut), 0);
			struct http_scan fresh;
			http_scan_init(&fresh, HTTP_STRICT);
			assert_int_equal(http_scan(&fresh, (const uint8_t *)goods[i].text, cut), 0);
		}
		assert_int_equal(http_scan(&scan, (const uint8_t *)goods[i].text, len), (int)len);
	}
}

static void too_big_is_told_apart(void **state)
{
	(void)state;
	static char text[2 * HTTP_HEAD_MAX];
	static struct http_head h;
	int len = snprintf(text, sizeof(text), "GET /%08000d HTTP/1.1\r\n" HOST "\r\n", 0);
	assert_int_equal(parse(text, (size_t)len, &h), 0);
	len = snprintf(text, sizeof(text), "GET /%09000d HTTP/1.1\r\n" HOST "\r\n", 0);
	assert_int_equal(parse(text, (size_t)len, &h), ERR_TOO_BIG);
	assert_int_equal(parse(text, HTTP_LINE_MAX, &h), 1);
	assert_int_equal(parse(text, HTTP_LINE_MAX + 1, &h), ERR_TOO_BIG);
	len = snprintf(text, sizeof(text), GET HOST "X: %030000d\r\n\r\n", 0);
	assert_int_equal(parse(text, (size_t)len, &h), 0);
	len = snprintf(text, sizeof(text), GET HOST "X: %040000d\r\n\r\n", 0);
	assert_int_equal(parse(text, (size_t)len, &h), ERR_TOO_BIG);
	for (int count = 254; count <= 257; count++) {
		len = snprintf(text, sizeof(text), GET HOST);
		for (int i = 0; i < count; i++)
			len += snprintf(text + len, sizeof(text) - (size_t)len, "X: y\r\n");
		len += snprintf(text + len, sizeof(text) - (size_t)len, "\r\n");
		assert_int_equal(parse(text, (size_t)len, &h), count < 256 ? 0 : ERR_TOO_BIG);
	}
	len = snprintf(text, sizeof(text), GET HOST "Connection: close");
	for (int i = 0; i < 40; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, ",a");
	len += snprintf(text + len, sizeof(text) - (size_t)len, "\r\n\r\n");
	assert_int_equal(parse(text, (size_t)len, &h), ERR_SYNTAX);
}

static int parse_answer(const char *text, bool to_head, struct http_head *h)
{
	static uint8_t *kept;
	struct http_scan scan;
	mem_free(kept);
	kept = mem_dup(text, strlen(text));
	http_scan_init(&scan, HTTP_LENIENT);
	int found = http_scan(&scan, kept, strlen(text));
	int err = found <= 0 ? found - 1 : http_head_response(kept, (size_t)found, to_head, h);
	if (err) {
		mem_free(kept);
		kept = NULL;
	}
	return err;
}

static void answers_tell_where_they_end(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool to_head;
		unsigned status;
		enum http_body body;
		uint64_t length;
		bool keep_alive;
	} cases[] = {
	    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, 200, HTTP_BODY_LENGTH, 5, true},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, 200, HTTP_BODY_NONE, 5, true},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, 200, HTTP_BODY_NONE, 0, true},
	    {"HTTP/1.1 200\r\n\r\n", false, 200, HTTP_BODY_CLOSE, 0, true},
	    {"HTTP/1.0 200 OK\n\n", false, 200, HTTP_BODY_CLOSE, 0, false},
	    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n", false, 200,
	     HTTP_BODY_LENGTH, 1, true},
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n", false,
	     200, HTTP_BODY_CHUNKED, 0, false},
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", false, 200,
	     HTTP_BODY_CHUNKED, 0, true},
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", false, 200, HTTP_BODY_CLOSE, 0,
	     true},
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n", false, 200, HTTP_BODY_CLOSE,
	     0, true},
	    {"HTTP/1.1 200 OK\r\nContent-Length : 5\r\nX: a\r\n folded\r\n\r\n", false, 200,
	     HTTP_BODY_LENGTH, 5, true},
	    {"HTTP/1.1 204 No Content\r\n\r\n", false, 204, HTTP_BODY_NONE, 0, true},
	    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 700\r\n\r\n", false, 304, HTTP_BODY_NONE,
	     700, true},
	    {"HTTP/1.1 100 Continue\r\n\r\n", false, 100, HTTP_BODY_NONE, 0, true},
	    {"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", false,
	     101, HTTP_BODY_NONE, 0, true},
	};
	static struct http_head h;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (parse_answer(cases[i].text, cases[i].to_head, &h))
			fail_msg("refused: %s", cases[i].text);
		assert_int_equal(h.status, cases[i].status);
		if (h.body != cases[i].body || h.length != cases[i].length ||
		    h.keep_alive != cases[i].keep_alive)
			fail_msg("case %zu: body %d length %d", i, h.body, (int)h.length);
	}
}

static void answers_that_blur_their_end_are_refused(void **state)
{
	(void)state;
	static const char *const cases[] = {
	    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 5 5\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 5\n 5\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551621\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nX: a\rContent-Length: 5\r\n\r\n",
	    "HTTP/1.1 200 OK\rTransfer-Encoding: chunked\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length:\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5, 05, 6\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 5\x01\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\x01\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent Length: 5\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length\x0b: 5\r\n\r\n",
	    "HTTP/1.1 200 OK\r\n\x01Transfer-Encoding: chunked\r\n\r\n",
	    "HTTP/1.1 200 OK\r\n\"transfer encoding\": chunked\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nCONNECTION \x7f: close\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nUp grade: x\r\n\r\n",
	    "HTTP/1.1 200 OK\r\n(Trailer): x\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length 5\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nX: y\r\n\r\r\nZ: z\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
	    "HTTP/2.0 200 OK\r\n\r\n",
	    "HTTP/1.1 099 OK\r\n\r\n",
	    "HTTP/1.1 OK\r\n\r\n",
	    "SSH-2.0-OpenSSH\r\n\r\n",
	    "RTSP/1.0 200 OK\r\n\r\n",
	};
	static struct http_head h;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (!parse_answer(cases[i], false, &h))
			fail_msg("taken: %s", cases[i]);
}

/* What is odd and does not blur where the body ends is passed on, or mended: every field that is
 * left, as name=value;… */
static void odd_answers_are_mended(void **state)
{
	(void)state;
	static const struct {
		const char *text, *fields;
		uint64_t length;
		unsigned dropped;
	} cases[] = {
	    {"Content-Length: 3\r\nContent-Length: 3\r\n", "Content-Length=3;", 3, 0},
	    {"Content-Length: 3\r\nX: y\r\ncontent-length:3\r\nContent-Length : 003\r\n",
	     "Content-Length=3;X=y;", 3, 0},
	    {"Content-Length: 3, 3\r\n", "Content-Length=3;", 3, 0},
	    {"Content-Length: 3\r\nContent-Length: 3,3\r\n", "Content-Length=3;", 3, 0},
	    {"activeLangId=English; isStackableDevice=falseServer: switch\r\nContent-Length: 3\r\n",
	     "Content-Length=3;", 3, 1},
	    {"X\x01: a\r\nna me: x\r\nF\xc3\xb6: a\r\n: empty\r\nno colon\r\nA: b\r\n"
	     "Content-Length: 3\r\n",
	     "A=b;Content-Length=3;", 3, 5},
	    {"odd name: a\r\n folded\r\nContent-Length: 3\r\n", "Content-Length=3;", 3, 1},
	    {"X: a\x01"
	     "b\x7f\xe4\xc3\xa4\t.\r\nContent-Length: 3\r\n",
	     "X=a b \xe4\xc3\xa4\t.;Content-Length=3;", 3, 0},
	    {"X: a\rSet-Cookie: b\r\r\nContent-Length: 3\r\n",
	     "X=a Set-Cookie: b;Content-Length=3;", 3, 0},
	    {"Date : x\r\nContent-Length\t: 3\r\n", "Date=x;Content-Length=3;", 3, 0},
	};
	static struct http_head h;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[400], fields[400] = "";
		snprintf(text, sizeof(text), "HTTP/1.1 200 O\x01K\r\n%s\r\n", cases[i].text);
		if (parse_answer(text, false, &h))
			fail_msg("refused: %s", cases[i].text);
		for (size_t k = 0; k < h.field_count; k++)
			snprintf(fields + strlen(fields), sizeof(fields) - strlen(fields),
				 "%.*s=%.*s;", (int)h.fields[k].name.len, h.fields[k].name.p,
				 (int)h.fields[k].value.len, h.fields[k].value.p);
		assert_string_equal(fields, cases[i].fields);
		assert_int_equal(h.length, cases[i].length);
		assert_int_equal(h.body, HTTP_BODY_LENGTH);
		assert_int_equal(h.odd_lines, cases[i].dropped);
		assert_true(http_span_is(h.reason, "O K"));
	}
	static const char nul[] = "HTTP/1.1 200 OK\r\nX: a\0b\r\nY\0: c\r\n\r\n";
	uint8_t *copy = mem_dup(nul, sizeof(nul) - 1);
	assert_int_equal(http_head_response(copy, sizeof(nul) - 1, false, &h), 0);
	assert_int_equal(h.field_count, 1);
	assert_true(http_span_is(h.fields[0].value, "a b"));
	mem_free(copy);
}

static void lists_are_taken_apart(void **state)
{
	(void)state;
	struct http_span list = {" a ,, b\t,c d,", 13}, e;
	assert_true(http_list_next(&list, &e) && http_span_is(e, "A"));
	assert_true(http_list_next(&list, &e) && http_span_is(e, "b"));
	assert_true(http_list_next(&list, &e) && http_span_is(e, "c d"));
	assert_false(http_list_next(&list, &e));
	assert_false(http_is_token((struct http_span){"", 0}));
	assert_false(http_is_token((struct http_span){"a\0", 2}));
	assert_true(http_is_token((struct http_span){"!#$%&'*+-.^_`|~09azAZ", 21}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(smuggling_is_refused),
	    cmocka_unit_test(good_requests_are_understood),
	    cmocka_unit_test(any_token_is_a_method),
	    cmocka_unit_test(every_prefix_waits),
	    cmocka_unit_test(too_big_is_told_apart),
	    cmocka_unit_test(answers_tell_where_they_end),
	    cmocka_unit_test(answers_that_blur_their_end_are_refused),
	    cmocka_unit_test(odd_answers_are_mended),
	    cmocka_unit_test(lists_are_taken_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
