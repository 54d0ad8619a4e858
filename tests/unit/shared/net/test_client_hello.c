#include "shared/net/client_hello.h"

#include "shared/base/buf.h"
#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Hellos are put together here field by field, so that each can be broken in its own place. */
static void put_u16(struct buf *b, size_t n)
{
	buf_put(b, (uint8_t[]){(uint8_t)(n >> 8), (uint8_t)n}, 2);
}

static void put_extension(struct buf *b, unsigned type, const void *p, size_t len)
{
	put_u16(b, type);
	put_u16(b, len);
	buf_put(b, p, len);
}

static void put_server_name(struct buf *b, const char *host, size_t len)
{
	struct buf ext = BUF_INIT;
	put_u16(&ext, len + 3);
	buf_put(&ext, "\0", 1);
	put_u16(&ext, len);
	buf_put(&ext, host, len);
	put_extension(b, 0, buf_data(&ext), buf_len(&ext));
	buf_fini(&ext);
}

static void put_hello(struct buf *b, struct buf *extensions)
{
	struct buf body = BUF_INIT;
	uint8_t random[32] = {7};
	put_u16(&body, 0x0303);
	buf_put(&body, random, 32);
	buf_put(&body, "\x20", 1);
	buf_put(&body, random, 32);
	put_u16(&body, 6);
	put_u16(&body, 0x3a3a);
	put_u16(&body, 0x1301);
	put_u16(&body, 0x1302);
	buf_put(&body, "\1\0", 2);
	if (extensions) {
		put_u16(&body, buf_len(extensions));
		buf_put(&body, buf_data(extensions), buf_len(extensions));
		buf_fini(extensions);
	}
	buf_put(b, "\1\0", 2);
	put_u16(b, buf_len(&body));
	buf_put(b, buf_data(&body), buf_len(&body));
	buf_fini(&body);
}

/* The handshake bytes as records of at most piece bytes each. */
static void put_records(struct buf *b, const struct buf *hello, size_t piece)
{
	for (size_t at = 0; at < buf_len(hello); at += piece) {
		size_t n = buf_len(hello) - at < piece ? buf_len(hello) - at : piece;
		buf_put(b, "\x16\3\1", 3);
		put_u16(b, n);
		buf_put(b, buf_data(hello) + at, n);
	}
}

/* As a browser does it: GREASE first and last, a post-quantum share, ECH around an inner hello. */
static void put_browser(struct buf *b, const char *host, size_t share)
{
	struct buf ext = BUF_INIT;
	uint8_t *filler = mem_zalloc(share + 200);
	put_extension(&ext, 0x2a2a, "", 0);
	if (host)
		put_server_name(&ext, host, strlen(host));
	put_extension(&ext, 16, "\0\x0c\2h2\x08http/1.1", 14);
	put_extension(&ext, 0xfe0d, filler, 200);
	put_extension(&ext, 51, filler, share);
	put_extension(&ext, 0x7a7a, "\0", 1);
	put_hello(b, &ext);
	mem_free(filler);
}

static enum client_hello_result read_all(struct client_hello *s, const struct buf *b)
{
	/* A copy of exactly that size, so that the sanitizer sees every byte read too much. */
	uint8_t *p = mem_dup(buf_data(b), buf_len(b));
	client_hello_init(s);
	enum client_hello_result r = client_hello_read(s, p, buf_len(b));
	mem_free(p);
	return r;
}

static void name_in_however_many_pieces(void **state)
{
	(void)state;
	static const size_t shares[] = {32, 1216, 16300, 40000};
	static const size_t pieces[] = {1, 2, 3, 5, 100, 1000, 16384};
	for (size_t i = 0; i < 4; i++) {
		for (size_t j = 0; j < 7; j++) {
			struct buf hello = BUF_INIT, wire = BUF_INIT;
			struct client_hello s;
			put_browser(&hello, "Blog.Alice.Example.COM", shares[i]);
			put_records(&wire, &hello, pieces[j]);
			enum client_hello_result r = read_all(&s, &wire);
			if (buf_len(&wire) > CLIENT_HELLO_BYTES_MAX) {
				assert_int_equal(r, CLIENT_HELLO_MALFORMED);
			} else {
				assert_int_equal(r, CLIENT_HELLO_HOST);
				assert_string_equal(s.host, "blog.alice.example.com");
				assert_true(client_hello_has_alpn(&s, "h2"));
				assert_true(client_hello_has_alpn(&s, "http/1.1"));
				assert_false(client_hello_has_alpn(&s, "http/1"));
				assert_false(client_hello_has_alpn(&s, "groundnut/1"));
			}
			buf_fini(&hello);
			buf_fini(&wire);
		}
	}
}

static void every_prefix_asks_for_more(void **state)
{
	(void)state;
	static const size_t pieces[] = {1, 7, 250, 16384};
	for (size_t j = 0; j < 4; j++) {
		struct buf hello = BUF_INIT, wire = BUF_INIT;
		struct client_hello s, fresh;
		put_browser(&hello, "a.example.com", 1216);
		put_records(&wire, &hello, pieces[j]);
		client_hello_init(&s);
		for (size_t len = 0; len < buf_len(&wire); len++) {
			struct buf cut = {.base = buf_data(&wire), .end = len};
			if (len % 5 == 0 && len)
				assert_int_equal(read_all(&fresh, &cut), CLIENT_HELLO_MORE);
			assert_int_equal(client_hello_read(&s, buf_data(&wire), len),
					 CLIENT_HELLO_MORE);
		}
		assert_int_equal(client_hello_read(&s, buf_data(&wire), buf_len(&wire)),
				 CLIENT_HELLO_HOST);
		assert_string_equal(s.host, "a.example.com");
		buf_fini(&hello);
		buf_fini(&wire);
	}
}

static void agents_are_told_by_alpn(void **state)
{
	(void)state;
	for (int with_name = 0; with_name < 2; with_name++) {
		struct buf ext = BUF_INIT, hello = BUF_INIT, wire = BUF_INIT;
		struct client_hello s;
		if (with_name)
			put_server_name(&ext, "relay 1.lan", 11);
		put_extension(&ext, 16, "\0\x0c\x0bgroundnut/1", 14);
		put_hello(&hello, &ext);
		put_records(&wire, &hello, 16384);
		assert_int_equal(read_all(&s, &wire), CLIENT_HELLO_NO_NAME);
		assert_true(client_hello_has_alpn(&s, "groundnut/1"));
		buf_fini(&hello);
		buf_fini(&wire);
	}
}

static void no_name(void **state)
{
	(void)state;
	static const struct {
		const char *host;
		size_t len;
	} odd[] = {{"a..b", 4}, {"a b", 3}, {"*.a.com", 7}, {"a\0b.com", 7}, {"-", 1}};
	struct buf hello = BUF_INIT, wire = BUF_INIT;
	struct client_hello s;
	put_hello(&hello, NULL);
	put_records(&wire, &hello, 16384);
	assert_int_equal(read_all(&s, &wire), CLIENT_HELLO_NO_NAME);
	buf_fini(&hello);
	buf_fini(&wire);
	put_browser(&hello, NULL, 1216);
	put_records(&wire, &hello, 16384);
	assert_int_equal(read_all(&s, &wire), CLIENT_HELLO_NO_NAME);
	assert_string_equal(s.host, "");
	buf_fini(&hello);
	buf_fini(&wire);
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct buf ext = BUF_INIT;
		put_server_name(&ext, odd[i].host, odd[i].len);
		put_hello(&hello, &ext);
		put_records(&wire, &hello, 16384);
		assert_int_equal(read_all(&s, &wire), CLIENT_HELLO_NO_NAME);
		assert_string_equal(s.host, "");
		buf_fini(&hello);
		buf_fini(&wire);
	}
}

static void bytes_behind_the_hello_do_not_matter(void **state)
{
	(void)state;
	struct buf hello = BUF_INIT, wire = BUF_INIT;
	struct client_hello s;
	put_browser(&hello, "a.example.com", 100);
	put_records(&wire, &hello, 16384);
	buf_puts(&wire, "\x17\3\3 whatever follows");
	assert_int_equal(read_all(&s, &wire), CLIENT_HELLO_HOST);
	buf_fini(&hello);
	buf_fini(&wire);
}

static void extension_cases_are_malformed(void **state)
{
	(void)state;
	static const struct {
		unsigned type;
		const char *bytes;
		size_t len;
	} cases[] = {
	    {0, "", 0},                      /* empty */
	    {0, "\0\0", 2},                  /* an empty list */
	    {0, "\0\5\0\0\2a", 6},           /* a name longer than the list */
	    {0, "\0\4\0\0\0a", 6},           /* an empty name, and a byte left */
	    {0, "\0\4\0\0\1a!", 7},          /* a byte behind the list */
	    {0, "\0\x08\0\0\1a\0\0\1b", 10}, /* two host names */
	    {16, "", 0},
	    {16, "\0\0", 2},
	    {16, "\0\1\0", 3}, /* an empty protocol */
	    {16, "\0\3\3h2", 5},
	    {16, "\0\3\2h2!", 6},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf ext = BUF_INIT, hello = BUF_INIT, wire = BUF_INIT;
		struct client_hello s;
		put_extension(&ext, cases[i].type, cases[i].bytes, cases[i].len);
		put_hello(&hello, &ext);
		put_records(&wire, &hello, 16384);
		if (read_all(&s, &wire) != CLIENT_HELLO_MALFORMED)
			fail_msg("case %zu was taken", i);
		buf_fini(&hello);
		buf_fini(&wire);
	}
}

static void an_extension_twice_is_malformed(void **state)
{
	(void)state;
	for (int alpn = 0; alpn < 2; alpn++) {
		struct buf ext = BUF_INIT, hello = BUF_INIT, wire = BUF_INIT;
		struct client_hello s;
		for (int i = 0; i < 2; i++) {
			if (alpn)
				put_extension(&ext, 16, "\0\3\2h2", 5);
			else
				put_server_name(&ext, "a.example.com", 13);
		}
		put_hello(&hello, &ext);
		put_records(&wire, &hello, 16384);
		assert_int_equal(read_all(&s, &wire), CLIENT_HELLO_MALFORMED);
		assert_string_equal(s.host, "");
		buf_fini(&hello);
		buf_fini(&wire);
	}
}

static void what_is_no_tls_is_known_at_once(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
	    {"GET / HTTP/1.1\r\n", 1},
	    {"SSH-2.0-", 1},
	    {"\x80\x2e\1\3\1", 1},               /* SSL 2 */
	    {"\x15\3\1\0\2\1\0", 1},             /* an alert */
	    {"\x16\2\0\0\1\1", 2},               /* version 2 */
	    {"\x16\3\1\0\0", 5},                 /* an empty record */
	    {"\x16\3\1\x40\1", 5},               /* a record over 16 KiB */
	    {"\x16\3\1\0\5\2", 6},               /* a ServerHello */
	    {"\x16\3\1\0\4\1\xff\0\0", 9},       /* a hello of 16 MB */
	    {"\x16\3\1\0\4\1\0\x50\1", 9},       /* a byte more than TLS would be given */
	    {"\x16\3\1\0\4\1\0\0\0", 9},         /* of nothing */
	    {"\x16\3\1\0\1\1\x17\3\1\0\1\0", 7}, /* another kind of record in its middle */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct client_hello s;
		struct buf b = {.base = (uint8_t *)(uintptr_t)cases[i].bytes, .end = cases[i].len};
		if (read_all(&s, &b) != CLIENT_HELLO_MALFORMED)
			fail_msg("case %zu was taken", i);
		if (cases[i].len > 1) {
			b.end--;
			if (read_all(&s, &b) != CLIENT_HELLO_MORE)
				fail_msg("case %zu was refused too early", i);
		}
	}
}

/* Any one byte of a good hello changed: never a crash, never a wait for more than was announced
 * beyond the limit. */
static void any_byte_changed_is_survived(void **state)
{
	(void)state;
	struct buf hello = BUF_INIT, wire = BUF_INIT;
	put_browser(&hello, "a.example.com", 64);
	put_records(&wire, &hello, 100);
	for (size_t i = 0; i < buf_len(&wire); i++) {
		for (int with = 0; with < 256; with += 51) {
			struct client_hello s;
			uint8_t was = buf_data(&wire)[i];
			buf_data(&wire)[i] = (uint8_t)with;
			enum client_hello_result r = read_all(&s, &wire);
			assert_int_equal(r == CLIENT_HELLO_HOST, s.host[0] != 0);
			buf_data(&wire)[i] = was;
		}
	}
	buf_fini(&hello);
	buf_fini(&wire);
}

static void the_alert_is_a_fatal_record(void **state)
{
	(void)state;
	uint8_t out[CLIENT_HELLO_ALERT_LEN];
	client_hello_write_alert(CLIENT_HELLO_UNRECOGNIZED_NAME, out);
	assert_memory_equal(out, "\x15\3\3\0\2\2\x70", 7);
	client_hello_write_alert(CLIENT_HELLO_DECODE_ERROR, out);
	assert_int_equal(out[6], 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(name_in_however_many_pieces),
	    cmocka_unit_test(every_prefix_asks_for_more),
	    cmocka_unit_test(agents_are_told_by_alpn),
	    cmocka_unit_test(no_name),
	    cmocka_unit_test(bytes_behind_the_hello_do_not_matter),
	    cmocka_unit_test(extension_cases_are_malformed),
	    cmocka_unit_test(an_extension_twice_is_malformed),
	    cmocka_unit_test(what_is_no_tls_is_known_at_once),
	    cmocka_unit_test(any_byte_changed_is_survived),
	    cmocka_unit_test(the_alert_is_a_fatal_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
