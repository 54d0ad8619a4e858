#include "shared/base/text.h"
#include "shared/base/err.h"

#include <stdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void hex_goes_both_ways(void **state)
{
	(void)state;
	char hex[9];
	uint8_t bytes[4];
	text_hex("\x00\x7f\xa5\xff", 4, hex);
	assert_string_equal(hex, "007fa5ff");
	assert_int_equal(text_unhex("007FA5ff", bytes, 4), 0);
	assert_memory_equal(bytes, "\x00\x7f\xa5\xff", 4);
	assert_int_equal(text_unhex("007fa5f", bytes, 4), ERR_SYNTAX);
	assert_int_equal(text_unhex("007fa5ff0", bytes, 4), ERR_SYNTAX);
	assert_int_equal(text_unhex("007fa5fg", bytes, 4), ERR_SYNTAX);
	assert_int_equal(text_unhex("007fa5:f", bytes, 4), ERR_SYNTAX);
	assert_int_equal(text_unhex("", bytes, 0), 0);
}

static void base64_of_the_rfc(void **state)
{
	(void)state;
	static const struct {
		const char *bytes, *url, *padded;
	} rows[] = {{"", "", ""},
		    {"f", "Zg", "Zg=="},
		    {"fo", "Zm8", "Zm8="},
		    {"foo", "Zm9v", "Zm9v"},
		    {"foob", "Zm9vYg", "Zm9vYg=="},
		    {"fooba", "Zm9vYmE", "Zm9vYmE="},
		    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
		    {"\xfb\xff\xfe", "-__-", "+//+"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[16];
		uint8_t bytes[8];
		size_t len, bytes_len = strlen(rows[i].bytes), padded = strlen(rows[i].padded);
		text_base64url(rows[i].bytes, bytes_len, text);
		assert_string_equal(text, rows[i].url);
		assert_int_equal(text_unbase64url(rows[i].url, bytes, sizeof(bytes), &len), 0);
		assert_int_equal(len, bytes_len);
		assert_memory_equal(bytes, rows[i].bytes, len);
		assert_int_equal(text_unbase64(rows[i].padded, padded, bytes, sizeof(bytes), &len),
				 0);
		assert_int_equal(len, bytes_len);
		assert_memory_equal(bytes, rows[i].bytes, len);
		while (padded && rows[i].padded[padded - 1] == '=')
			padded--;
		assert_int_equal(text_unbase64(rows[i].padded, padded, bytes, sizeof(bytes), &len),
				 0);
		assert_int_equal(len, bytes_len);
	}
}

static void broken_base64_is_refused(void **state)
{
	(void)state;
	uint8_t bytes[8];
	size_t len;
	static const char *const url[] = {"A",    "Zg==",  "Zh",         "Zm9v Zm9v",
					  "+//+", "Zm9vA", "Z\xc3\xa9gg"};
	static const char *const standard[] = {
	    "=", "==", "====", "Z===", "Zg=", "Zm8==", "Zg==Zg==", "-__-", "Zg=A", "Zh=="};
	for (size_t i = 0; i < sizeof(url) / sizeof(url[0]); i++)
		assert_int_equal(text_unbase64url(url[i], bytes, sizeof(bytes), &len), ERR_SYNTAX);
	for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++)
		assert_int_equal(
		    text_unbase64(standard[i], strlen(standard[i]), bytes, sizeof(bytes), &len),
		    ERR_SYNTAX);
	assert_int_equal(text_unbase64url("Zm9vYmFy", bytes, 5, &len), ERR_TOO_BIG);
	assert_int_equal(text_unbase64url("Zm9vYmFy", bytes, 6, &len), 0);
}

static void times_are_utc(void **state)
{
	(void)state;
	char out[32];
	assert_string_equal(text_time(0, out), "1970-01-01T00:00:00Z");
	assert_string_equal(text_time(UINT64_C(1795420800999), out), "2026-11-23T08:00:00Z");
	assert_string_equal(text_time(UINT64_C(1709164800000), out), "2024-02-29T00:00:00Z");
	assert_non_null(text_time(UINT64_MAX, out));
}

static void the_nearest_key_is_suggested(void **state)
{
	(void)state;
	static const char *const keys[] = {
	    "name",           "protocol",  "public_port", "host",        "target", "allow",
	    "proxy_protocol", "bandwidth", "tls",         "private_key", NULL};
	static const char *const rows[][2] = {
	    {"hots", "host"},
	    {"hosts", "host"},
	    {"Host", "host"},
	    {"publicPort", "public_port"},
	    {"public-port", "public_port"},
	    {"port", "public_port"},
	    {"protocl", "protocol"},
	    {"traget", "target"},
	    {"alow", "allow"},
	    {"tsl", "tls"},
	    {"key", "private_key"},
	    {"bandwith", "bandwidth"},
	    {"zzz", NULL},
	    {"x", NULL},
	    {"", NULL},
	    {"completely_other", NULL},
	    {"dns", NULL},
	    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	     NULL}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *nearest = text_nearest(rows[i][0], keys);
		if (rows[i][1] ? !nearest || strcmp(nearest, rows[i][1]) != 0 : nearest != NULL)
			fail_msg("%s suggests %s", rows[i][0], nearest ? nearest : "nothing");
	}
	assert_null(text_nearest("name", (const char *const[]){NULL}));
}

#define LABEL63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void host_names_of_the_rfc(void **state)
{
	(void)state;
	static const char *const good[][2] = {{"alice", "alice"},
					      {"Blog.Alice.", "blog.alice"},
					      {"a-b.c--d.e", "a-b.c--d.e"},
					      {"_acme-challenge.x", "_acme-challenge.x"},
					      {"my_app.x", "my_app.x"},
					      {"__a", "__a"},
					      {"1.2", "1.2"},
					      {LABEL63 ".x", LABEL63 ".x"}};
	static const char *const bad[] = {"",   ".",     "..",   "a..b", ".a",   "-a",
					  "a-", "_",     "a b",  "a/b",  "é",    "*",
					  "*.", "a.*.b", "*a.b", "a..",  "a:80", LABEL63 "a"};
	char out[256];
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(text_host(good[i][0], false, out), 0);
		assert_string_equal(out, good[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (text_host(bad[i], false, out) != ERR_SYNTAX ||
		    text_host(bad[i], true, out) != ERR_SYNTAX)
			fail_msg("%s passes", bad[i]);
	assert_int_equal(text_host("*.Alice", true, out), 0);
	assert_string_equal(out, "*.alice");
	assert_int_equal(text_host("*.alice", false, out), ERR_SYNTAX);
	assert_int_equal(text_host("*.*.alice", true, out), ERR_SYNTAX);
}

static void a_host_name_ends_at_253(void **state)
{
	(void)state;
	char name[300], out[256];
	snprintf(name, sizeof(name), "%s.%s.%s.%.61s", LABEL63, LABEL63, LABEL63, LABEL63);
	assert_int_equal(strlen(name), 253);
	assert_int_equal(text_host(name, false, out), 0);
	strcat(name, ".");
	assert_int_equal(text_host(name, false, out), 0);
	snprintf(name, sizeof(name), "%s.%s.%s.%.62s", LABEL63, LABEL63, LABEL63, LABEL63);
	assert_int_equal(text_host(name, false, out), ERR_SYNTAX);
}

static void a_wildcards_certificate_is_for_one_label(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *name;
		bool covers;
	} cases[] = {
	    {"a.example", "a.example", true},     {"a.example", "b.a.example", false},
	    {"*.example", "a.example", true},     {"*.example", "b.a.example", false},
	    {"*.example", "example", false},      {"*.example", ".example", false},
	    {"*.a.example", "b.a.example", true}, {"*.a.example", "b.xa.example", false},
	    {"*.example", "nodots", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(text_host_covers(cases[i].pattern, cases[i].name),
				 cases[i].covers);
}

static void names_of_accounts(void **state)
{
	(void)state;
	assert_true(text_is_name("alice") && text_is_name("A.b_c-9") && text_is_name("_x") &&
		    text_is_name(LABEL63));
	assert_false(text_is_name("") || text_is_name(".a") || text_is_name("-a") ||
		     text_is_name("a b") || text_is_name("a/b") || text_is_name("a:b") ||
		     text_is_name("a@b") || text_is_name("é") || text_is_name(LABEL63 "a"));
}

static void numbers_are_digits_within_range(void **state)
{
	(void)state;
	uint64_t n = 7;
	static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x1", "1.0", "1e3", "a"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(text_uint(bad[i], 100, &n), ERR_SYNTAX);
	assert_int_equal(text_uint("101", 100, &n), ERR_RANGE);
	assert_int_equal(text_uint("18446744073709551616", UINT64_MAX, &n), ERR_RANGE);
	assert_int_equal(text_uint("99999999999999999999999", UINT64_MAX, &n), ERR_RANGE);
	assert_int_equal(text_uint("99999999999999999999999x", UINT64_MAX, &n), ERR_SYNTAX);
	assert_int_equal(n, 7);
	assert_int_equal(text_uint("100", 100, &n), 0);
	assert_int_equal(n, 100);
	assert_int_equal(text_uint("18446744073709551615", UINT64_MAX, &n), 0);
	assert_true(n == UINT64_MAX);
}

static void bandwidths(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t bits;
	} good[] = {{"100M", 100000000},     {"1.5G", 1500000000},
		    {"800k", 800000},        {"64000", 64000},
		    {"0.5K", 500},           {"1g", 1000000000},
		    {"1.5T", 1500000000000}, {"1.000000001G", 1000000001}};
	static const char *const bad[] = {"",
					  "M",
					  "0",
					  "0M",
					  "0.0M",
					  "1.5",
					  ".5M",
					  "1.M",
					  "1.5.5M",
					  "1 M",
					  "-1M",
					  "1MM",
					  "1P",
					  "1Mbit",
					  "1.0000000001G",
					  "99999999999999999999",
					  "18446744073709551615M"};
	uint64_t bits;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(text_bandwidth(good[i].text, &bits), 0);
		assert_int_equal(bits, good[i].bits);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (text_bandwidth(bad[i], &bits) != ERR_SYNTAX)
			fail_msg("%s passes", bad[i]);
}

static void amounts_for_people(void **state)
{
	(void)state;
	static const struct {
		uint64_t n;
		const char *bytes, *duration;
	} table[] = {
	    {0, "0", "0 s"},
	    {59, "59", "59 s"},
	    {60, "60", "1 min"},
	    {999, "999", "16 min"},
	    {1000, "1.0 kB", "16 min"},
	    {3600, "3.6 kB", "1 h 0 min"},
	    {9949, "9.9 kB", "2 h 45 min"},
	    {9950, "10 kB", "2 h 45 min"},
	    {93784, "94 kB", "1 d 2 h"},
	    {999499, "999 kB", "11 d 13 h"},
	    {999500, "1.0 MB", "11 d 13 h"},
	    {UINT64_MAX, "18447 PB", "213503982334601 d 7 h"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char out[32];
		assert_string_equal(text_bytes(table[i].n, out), table[i].bytes);
		assert_string_equal(text_duration(table[i].n, out), table[i].duration);
	}
}

static void what_steers_terminals_is_taken_out(void **state)
{
	(void)state;
	static const char *const table[][2] = {
	    {"", ""},
	    {"plain", "plain"},
	    {"\x1b[31mred\n", "?[31mred?"},
	    {"\x7f\xc2\x9b"
	     "2J\xc2\x80",
	     "??2J?"},
	    {"K\xc3\xbc"
	     "che \xc2\xa0 \xe2\x9c\x93",
	     "K\xc3\xbc"
	     "che \xc2\xa0 \xe2\x9c\x93"},
	    {"cut \xc2", "cut \xc2"},
	    {"a\xe2\x80\xae"
	     "b\xe2\x81\xa9\xe2\x80\xa9",
	     "a?b??"},
	    {"\xe2\x80\xa6 \xe2\x80", "\xe2\x80\xa6 \xe2\x80"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char *got = text_harmless(table[i][0]);
		assert_string_equal(got, table[i][1]);
		free(got);
	}
	assert_int_equal(text_width("K\xc3\xbc"
				    "che"),
			 5);
	assert_int_equal(text_width("\xe5\x8d\x9a\xe5\xae\xa2.a"), 6);
	assert_true(text_same(NULL, ""));
	assert_true(text_same("a", "a"));
	assert_false(text_same("a", NULL));
}

static void what_fits_is_whole_characters(void **state)
{
	(void)state;
	static const char *const fits[] = {"",
					   "",
					   "\xc3\xa4",
					   "\xc3\xa4",
					   "\xc3\xa4",
					   "\xc3\xa4\xe2\x82\xac",
					   "\xc3\xa4\xe2\x82\xacx"};
	char out[8];
	for (size_t cap = 1; cap <= 7; cap++)
		assert_string_equal(text_fit("\xc3\xa4\xe2\x82\xacx", out, cap), fits[cap - 1]);
	assert_string_equal(text_fit("", out, 1), "");
	assert_string_equal(text_fit("\x80\x80", out, 2), "");
}

static void words_for_a_shell(void **state)
{
	static const struct {
		const char *text, *word;
	} words[] = {
	    {"/etc/groundnut/relay.json", "/etc/groundnut/relay.json"},
	    {"", "''"},
	    {"my files/a", "'my files/a'"},
	    {"it's", "'it'\\''s'"},
	    {"$HOME", "'$HOME'"},
	    {"~", "'~'"},
	    {"花生", "'花生'"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		char *word = text_shell(words[i].text);
		assert_string_equal(word, words[i].word);
		free(word);
	}
}

static void full_names(void **state)
{
	(void)state;
	static const struct {
		const char *host, *want;
	} table[] = {{"alice", "alice.home.test"},
		     {"*.Alice", "*.alice.home.test"},
		     {"alice.home.test", "alice.home.test"},
		     {"x.example.", "x.example"},
		     {"home.test", "home.test"},
		     {"nothome.test", "nothome.test.home.test"},
		     {"a..b", NULL},
		     {"", NULL}};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char out[256];
		int rc = text_full_host(table[i].host, "home.test", out);
		if (table[i].want)
			assert_string_equal(out, table[i].want);
		else
			assert_true(rc < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hex_goes_both_ways),
	    cmocka_unit_test(base64_of_the_rfc),
	    cmocka_unit_test(broken_base64_is_refused),
	    cmocka_unit_test(times_are_utc),
	    cmocka_unit_test(the_nearest_key_is_suggested),
	    cmocka_unit_test(host_names_of_the_rfc),
	    cmocka_unit_test(a_host_name_ends_at_253),
	    cmocka_unit_test(full_names),
	    cmocka_unit_test(a_wildcards_certificate_is_for_one_label),
	    cmocka_unit_test(names_of_accounts),
	    cmocka_unit_test(numbers_are_digits_within_range),
	    cmocka_unit_test(bandwidths),
	    cmocka_unit_test(amounts_for_people),
	    cmocka_unit_test(what_steers_terminals_is_taken_out),
	    cmocka_unit_test(words_for_a_shell),
	    cmocka_unit_test(what_fits_is_whole_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
