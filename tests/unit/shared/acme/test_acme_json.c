/* Answers recorded from a CA (pebble 2.10.3), read, and cut at every byte; and some that others
 * give. */
#include "shared/acme/acme_json.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char directory_text[] =
    "{\n   \"keyChange\": \"https://127.0.0.1:14000/rollover-account-key\",\n"
    "   \"meta\": {\n      \"caaIdentities\": [\n         \"pebble.letsencrypt.org\"\n"
    "      ],\n      \"externalAccountRequired\": false,\n      \"profiles\": {\n"
    "         \"default\": \"three months\",\n         \"shortlived\": \"six days\"\n"
    "      },\n      \"termsOfService\": \"data:text/plain,Do%20what%20thou%20wilt\"\n"
    "   },\n   \"newAccount\": \"https://127.0.0.1:14000/sign-me-up\",\n"
    "   \"newNonce\": \"https://127.0.0.1:14000/nonce-plz\",\n"
    "   \"newOrder\": \"https://127.0.0.1:14000/order-plz\",\n"
    "   \"renewalInfo\": \"https://127.0.0.1:14000/draft-ietf-acme-ari-03/renewalInfo\","
    "\n"
    "   \"revokeCert\": \"https://127.0.0.1:14000/revoke-cert\"\n}";

static const char pending_text[] =
    "{\n   \"status\": \"pending\",\n   \"expires\": \"2026-11-30T16:37:26Z\",\n"
    "   \"identifiers\": [\n      {\n         \"type\": \"dns\",\n"
    "         \"value\": \"alice.example\"\n      },\n      {\n"
    "         \"type\": \"dns\",\n         \"value\": \"*.alice.example\"\n      }\n"
    "   ],\n   \"profile\": \"default\",\n"
    "   \"finalize\": \"https://127.0.0.1:14000/finalize-order/v8gPq4BSIE9U3KVVqWn6iz-FSc"
    "hDgAfNDG42J3Cbs0I\",\n"
    "   \"authorizations\": [\n"
    "      \"https://127.0.0.1:14000/authZ/gJpgdhR0Y8zx709MKhWzod02c1PCw3-gWUaP29KZbI0\","
    "\n"
    "      \"https://127.0.0.1:14000/authZ/wRBa5KKjIQA2O2HbBVnpN5Bz4OvyzilzYRQjMmcmTIQ\""
    "\n"
    "   ]\n}";

static const char valid_text[] =
    "{\n   \"status\": \"valid\",\n   \"expires\": \"2026-11-30T16:37:26Z\",\n"
    "   \"identifiers\": [\n      {\n         \"type\": \"dns\",\n"
    "         \"value\": \"alice.example\"\n      },\n      {\n"
    "         \"type\": \"dns\",\n         \"value\": \"*.alice.example\"\n      }\n"
    "   ],\n   \"profile\": \"default\",\n"
    "   \"finalize\": \"https://127.0.0.1:14000/finalize-order/v8gPq4BSIE9U3KVVqWn6iz-FSc"
    "hDgAfNDG42J3Cbs0I\",\n"
    "   \"authorizations\": [\n"
    "      \"https://127.0.0.1:14000/authZ/wRBa5KKjIQA2O2HbBVnpN5Bz4OvyzilzYRQjMmcmTIQ\","
    "\n"
    "      \"https://127.0.0.1:14000/authZ/gJpgdhR0Y8zx709MKhWzod02c1PCw3-gWUaP29KZbI0\""
    "\n"
    "   ],\n   \"certificate\": \"https://127.0.0.1:14000/certZ/7f015a078e054141\"\n}";

static const char invalid_text[] =
    "{\n   \"status\": \"invalid\",\n   \"error\": {\n"
    "      \"type\": \"urn:ietf:params:acme:error:unauthorized\",\n"
    "      \"detail\": \"Failed to connect to 127.0.0.1:5001 for the tls-alpn-01 challeng"
    "e\",\n"
    "      \"status\": 403\n   },\n   \"expires\": \"2026-11-30T16:37:28Z\",\n"
    "   \"identifiers\": [\n      {\n         \"type\": \"dns\",\n"
    "         \"value\": \"alice.example\"\n      }\n   ],\n"
    "   \"profile\": \"shortlived\",\n"
    "   \"finalize\": \"https://127.0.0.1:14000/finalize-order/625hHu9FP6Gw-_ntOfhkm9Q6O_"
    "pFGEsobXpQumbxG3w\",\n"
    "   \"authorizations\": [\n"
    "      \"https://127.0.0.1:14000/authZ/L639iAHiaje89TBbb4g8QjSCEjE7eLXpsIcn9lYdpSU\""
    "\n"
    "   ]\n}";

static const char wildcard_text[] =
    "{\n   \"status\": \"pending\",\n   \"identifier\": {\n      \"type\": \"dns\",\n"
    "      \"value\": \"alice.example\"\n   },\n   \"challenges\": [\n      {\n"
    "         \"type\": \"dns-01\",\n"
    "         \"url\": \"https://127.0.0.1:14000/chalZ/naG60Zg1mYfmAn1HQZ0JvHhKwuz5p0EcIO"
    "TOX8uz4VY\",\n"
    "         \"token\": \"AZeYRiyWhk3-9tCUfI9rnIo87LsYE4xNR6fPyhqZdog\",\n"
    "         \"status\": \"pending\"\n      },\n      {\n"
    "         \"type\": \"dns-account-01\",\n"
    "         \"url\": \"https://127.0.0.1:14000/chalZ/mhjVXQaT5t6ZA2nzIPFPB60TyrRdq0rYFg"
    "AtfHCe1qM\",\n"
    "         \"token\": \"JFiDlUh8AH06znC4PivcH-Rw9C0gmOwyJ32LYs40L1Q\",\n"
    "         \"status\": \"pending\"\n      },\n      {\n"
    "         \"type\": \"dns-persist-01\",\n"
    "         \"url\": \"https://127.0.0.1:14000/chalZ/t5Q3_dSBm-7qansaJxqKU1RoGqEUKBmoX3"
    "UdnZhbLfY\",\n"
    "         \"status\": \"pending\",\n"
    "         \"accounturi\": \"https://127.0.0.1:14000/my-account/2a2cc8b4f2668e45\",\n"
    "         \"issuer-domain-names\": [\n            \"pebble.letsencrypt.org\"\n"
    "         ]\n      }\n   ],\n   \"expires\": \"2026-11-29T17:37:26Z\",\n"
    "   \"wildcard\": true\n}";

static const char failed_text[] =
    "{\n   \"status\": \"invalid\",\n   \"identifier\": {\n      \"type\": \"dns\",\n"
    "      \"value\": \"alice.example\"\n   },\n   \"challenges\": [\n      {\n"
    "         \"type\": \"tls-alpn-01\",\n"
    "         \"url\": \"https://127.0.0.1:14000/chalZ/IG8UcN-4E01GBGsfMg455TZJ_A5yVEeXEJ"
    "PQdbYcarU\",\n"
    "         \"token\": \"AI_WypizzlC6gsUw6x22Vy4G5zzrlA1KpC0ynIBe0rw\",\n"
    "         \"status\": \"invalid\",\n"
    "         \"validated\": \"2026-11-29T16:37:28Z\",\n         \"error\": {\n"
    "            \"type\": \"urn:ietf:params:acme:error:unauthorized\",\n"
    "            \"detail\": \"Failed to connect to 127.0.0.1:5001 for the tls-alpn-01 ch"
    "allenge\",\n"
    "            \"status\": 403\n         }\n      }\n   ],\n"
    "   \"expires\": \"2026-11-29T17:37:28Z\"\n}";

static const char window_text[] =
    "{\n   \"suggestedWindow\": {\n      \"start\": \"2027-01-27T16:37:25Z\",\n"
    "      \"end\": \"2027-01-29T16:37:25Z\"\n   }\n}";

static const char https[] = "https://";

union object {
	struct acme_directory directory;
	struct acme_order order;
	struct acme_authorization authorization;
	struct acme_renewal renewal;
};

static int read_directory(const char *text, size_t len, union object *out, char why[ACME_WORDS])
{
	return acme_json_directory(text, len, https, &out->directory, why);
}

static int read_order(const char *text, size_t len, union object *out, char why[ACME_WORDS])
{
	return acme_json_order(text, len, https, &out->order, why);
}

static int read_authorization(const char *text, size_t len, union object *out, char why[ACME_WORDS])
{
	return acme_json_authorization(text, len, https, "dns-01", &out->authorization, why);
}

static int read_renewal(const char *text, size_t len, union object *out, char why[ACME_WORDS])
{
	return acme_json_renewal(text, len, &out->renewal, why);
}

typedef int read_fn(const char *text, size_t len, union object *out, char why[ACME_WORDS]);

static union object *read_whole(const char *text, read_fn *read)
{
	static union object o;
	char why[ACME_WORDS];
	if (read(text, strlen(text), &o, why) != 0)
		fail_msg("%s", why);
	return &o;
}

static void a_directory(void **state)
{
	(void)state;
	const struct acme_directory *d = &read_whole(directory_text, read_directory)->directory;
	assert_string_equal(d->new_nonce, "https://127.0.0.1:14000/nonce-plz");
	assert_string_equal(d->new_account, "https://127.0.0.1:14000/sign-me-up");
	assert_string_equal(d->new_order, "https://127.0.0.1:14000/order-plz");
	assert_string_equal(d->renewal_info,
			    "https://127.0.0.1:14000/draft-ietf-acme-ari-03/renewalInfo");
	assert_false(d->binding_required);
}

static void orders(void **state)
{
	(void)state;
	const struct acme_order *o = &read_whole(pending_text, read_order)->order;
	assert_int_equal(o->status, ACME_PENDING);
	assert_int_equal(o->count, 2);
	assert_string_equal(
	    o->authorizations[1],
	    "https://127.0.0.1:14000/authZ/wRBa5KKjIQA2O2HbBVnpN5Bz4OvyzilzYRQjMmcmTIQ");
	assert_string_equal(o->certificate, "");
	o = &read_whole(valid_text, read_order)->order;
	assert_int_equal(o->status, ACME_VALID);
	assert_string_equal(o->certificate, "https://127.0.0.1:14000/certZ/7f015a078e054141");
	o = &read_whole(invalid_text, read_order)->order;
	assert_int_equal(o->status, ACME_INVALID);
	assert_string_equal(o->error, "unauthorized: Failed to connect to 127.0.0.1:5001 for the "
				      "tls-alpn-01 challenge");
}

static void authorizations(void **state)
{
	(void)state;
	const struct acme_authorization *a =
	    &read_whole(wildcard_text, read_authorization)->authorization;
	assert_int_equal(a->status, ACME_PENDING);
	assert_string_equal(a->name, "alice.example");
	assert_true(a->wildcard);
	assert_int_equal(strlen(a->token), 43);
	assert_true(acme_json_is_url(a->url, https));
	assert_string_equal(a->offered, "dns-01, dns-account-01, dns-persist-01");
	a = &read_whole(failed_text, read_authorization)->authorization;
	assert_int_equal(a->status, ACME_INVALID);
	assert_string_equal(a->url, ""); /* it was another kind that failed */
	assert_string_equal(a->error, "unauthorized: Failed to connect to 127.0.0.1:5001 for the "
				      "tls-alpn-01 challenge");
}

static void a_window(void **state)
{
	(void)state;
	const struct acme_renewal *r = &read_whole(window_text, read_renewal)->renewal;
	assert_int_equal(r->end_ms - r->start_ms, 2 * 86400000);
}

static void each_is_cut_at_every_byte(void **state)
{
	static const struct {
		const char *text;
		read_fn *read;
	} rows[] = {{directory_text, read_directory},
		    {pending_text, read_order},
		    {valid_text, read_order},
		    {invalid_text, read_order},
		    {wildcard_text, read_authorization},
		    {failed_text, read_authorization},
		    {window_text, read_renewal}};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t len = 0; len < strlen(rows[i].text); len++) {
			union object o;
			char why[ACME_WORDS];
			/* A copy of exactly that size, so that every byte read too much is seen. */
			char *exact = mem_dup(rows[i].text, len);
			assert_int_equal(rows[i].read(exact, len, &o, why), ERR_SYNTAX);
			assert_true(why[0]);
			mem_free(exact);
		}
	}
}

static void problems(void **state)
{
	static const struct {
		const char *text, *type, *words;
	} rows[] = {
	    {"{\"type\":\"urn:ietf:params:acme:error:badNonce\",\"detail\":\"JWS has an invalid "
	     "anti-replay nonce\",\"status\":400}",
	     "badNonce", "badNonce: JWS has an invalid anti-replay nonce"},
	    {"{\"type\":\"urn:ietf:params:acme:error:rejectedIdentifier\",\"detail\":\"Error "
	     "creating new order\",\"subproblems\":[{\"identifier\":{\"type\":\"dns\",\"value\":"
	     "\"a.example\"},\"detail\":\"forbidden\"},{\"detail\":\"no TLD\"},{\"detail\":"
	     "\"a third one\"}]}",
	     "rejectedIdentifier",
	     "rejectedIdentifier: Error creating new order; for a.example: forbidden; no TLD"},
	    {"{\"type\":\"urn:ietf:params:acme:error:caa\"}", "caa", "caa"},
	    {"{\"type\":\"about:blank\",\"detail\":\"down\\u001b[2J for repairs\"}", "",
	     "down?[2J for repairs"},
	    {"{\"type\":[],\"detail\":{},\"subproblems\":7}", "", "HTTP status 503"},
	    {"{}", "", "HTTP status 503"},
	    {"<html>", "", "HTTP status 503"},
	    {"", "", "HTTP status 503"}};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct acme_problem p;
		for (size_t len = 0; len <= strlen(rows[i].text); len++) {
			char *exact = mem_dup(rows[i].text, len);
			acme_json_problem(503, exact, len, &p);
			assert_true(p.words[0]);
			mem_free(exact);
		}
		assert_string_equal(p.type, rows[i].type);
		assert_string_equal(p.words, rows[i].words);
	}
}

static void urls(void **state)
{
	static const char *const good[] = {"https://ca.test", "https://[::1]:14000/a?b=c&d=%20"};
	static const char *const bad[] = {"",
					  "https://",
					  "https:///x",
					  "http://ca.test",
					  "https://ca.test/ x",
					  "https://ca.test#x",
					  "https://ca.test/\x7f",
					  "https://ca.test/\xc3\xa4",
					  "HTTPS://ca.test",
					  "//ca.test"};
	char large[ACME_URL + 1] = "https://";
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(acme_json_is_url(good[i], https));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(acme_json_is_url(bad[i], https));
	memset(large + 8, 'a', ACME_URL - 8);
	assert_false(acme_json_is_url(large, https));
	large[ACME_URL - 1] = 0;
	assert_true(acme_json_is_url(large, https));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_directory),
	    cmocka_unit_test(orders),
	    cmocka_unit_test(authorizations),
	    cmocka_unit_test(a_window),
	    cmocka_unit_test(each_is_cut_at_every_byte),
	    cmocka_unit_test(problems),
	    cmocka_unit_test(urls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
