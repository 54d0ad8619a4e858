/* What is said for a probe, at both ends, and cut at every byte. */
#include "shared/tunnel/reachability_probe.h"

#include "shared/base/err.h"
#include "shared/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t nonce[REACHABILITY_PROBE_NONCE] = {0xa1, 2,  3,  4,  5,  6,  7,  8,
							9,    10, 11, 12, 13, 14, 15, 16};
#define HEX "a102030405060708090a0b0c0d0e0f10"

static void an_ask_comes_as_it_went(void **state)
{
	(void)state;
	struct reachability_probe_ask in = {.number = 7, .mapping = 4000000000, .port = 8080}, out;
	struct buf b = BUF_INIT;
	char why[256];
	memcpy(in.nonce, nonce, REACHABILITY_PROBE_NONCE);
	reachability_probe_ask_write(&in, &b);
	assert_string_equal(buf_str(&b), "{\"number\":7,\"mapping\":4000000000,\"port\":8080,"
					 "\"nonce\":\"" HEX "\"}");
	assert_int_equal(reachability_probe_ask_read(buf_str(&b), buf_len(&b), &out, why), 0);
	assert_memory_equal(&in, &out, sizeof in);
	for (size_t cut = 0; cut < buf_len(&b); cut++)
		assert_int_equal(reachability_probe_ask_read(buf_str(&b), cut, &out, why),
				 ERR_SYNTAX);
	buf_fini(&b);
}

static void bad_asks_are_told(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} table[] = {
	    {"[]", "PROBE: must be an object, not a list"},
	    {"{}", "PROBE: number: missing"},
	    {"{\"number\":0,\"mapping\":1,\"nonce\":\"" HEX "\"}", "PROBE: number: "},
	    {"{\"number\":1,\"mapping\":0,\"nonce\":\"" HEX "\"}", "PROBE: mapping: "},
	    {"{\"number\":1,\"mapping\":1,\"port\":65536,\"nonce\":\"" HEX "\"}", "PROBE: port: "},
	    {"{\"number\":1,\"mapping\":1,\"nonce\":\"a1\"}",
	     "PROBE: nonce: is not 32 digits of hex"},
	    {"{\"number\":1,\"mapping\":1,\"nonce\":7}", "PROBE: nonce: "},
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct reachability_probe_ask out;
		char why[256];
		assert_int_equal(
		    reachability_probe_ask_read(table[i].text, strlen(table[i].text), &out, why),
		    ERR_SYNTAX);
		if (strncmp(why, table[i].why, strlen(table[i].why)) != 0)
			assert_string_equal(why, table[i].why);
	}
}

static void an_answer_comes_as_it_went(void **state)
{
	(void)state;
	struct reachability_probe_answer in = {.number = 7, .port = 443}, out;
	struct buf b = BUF_INIT;
	char why[256];
	reachability_probe_answer_write(&in, &b);
	assert_string_equal(buf_str(&b), "{\"number\":7,\"port\":443}");
	assert_int_equal(reachability_probe_answer_read(buf_str(&b), buf_len(&b), &out, why), 0);
	assert_memory_equal(&in, &out, sizeof in);
	buf_fini(&b);
	in = (struct reachability_probe_answer){.number = 8, .error = "no such mapping"};
	reachability_probe_answer_write(&in, &b);
	assert_int_equal(reachability_probe_answer_read(buf_str(&b), buf_len(&b), &out, why), 0);
	assert_int_equal(out.port, 0);
	assert_string_equal(out.error, "no such mapping");
	assert_int_equal(reachability_probe_answer_read("{\"number\":-1}", 13, &out, why),
			 ERR_SYNTAX);
	buf_fini(&b);
}

/* The value is of Python's hmac. */
static void the_proof_is_a_keyed_hash(void **state)
{
	(void)state;
	uint8_t session[SESSION_ID], proof[REACHABILITY_PROBE_PROOF];
	char hex[2 * REACHABILITY_PROBE_PROOF + 1];
	for (int i = 0; i < SESSION_ID; i++)
		session[i] = (uint8_t)i;
	reachability_probe_prove(session, nonce, proof);
	text_hex(proof, REACHABILITY_PROBE_PROOF, hex);
	assert_string_equal(hex,
			    "2bd670175165875f1a386a4d3fc5c0697e565b49613f8c322f9a937557e9dbf6");
	session[0]++;
	uint8_t other[REACHABILITY_PROBE_PROOF];
	reachability_probe_prove(session, nonce, other);
	assert_memory_not_equal(proof, other, REACHABILITY_PROBE_PROOF);
}

static void first_bytes_are_told_apart_at_each(void **state)
{
	(void)state;
	uint8_t bytes[REACHABILITY_PROBE_NONCE + 4] = {0};
	memcpy(bytes, nonce, REACHABILITY_PROBE_NONCE);
	for (size_t len = 0; len <= sizeof bytes; len++)
		assert_int_equal(reachability_probe_match(nonce, bytes, len),
				 len < REACHABILITY_PROBE_NONCE ? REACHABILITY_PROBE_MAYBE
								: REACHABILITY_PROBE_WHOLE);
	for (size_t wrong = 0; wrong < REACHABILITY_PROBE_NONCE; wrong++) {
		bytes[wrong] ^= 1;
		for (size_t len = 0; len <= sizeof bytes; len++)
			assert_int_equal(reachability_probe_match(nonce, bytes, len),
					 len <= wrong ? REACHABILITY_PROBE_MAYBE
						      : REACHABILITY_PROBE_OTHER);
		bytes[wrong] ^= 1;
	}
}

static void a_datagram_is_exact(void **state)
{
	(void)state;
	uint8_t bytes[REACHABILITY_PROBE_DATAGRAM + 1] = {0};
	reachability_probe_datagram(nonce, bytes);
	assert_true(REACHABILITY_PROBE_PROOF <= REACHABILITY_PROBE_DATAGRAM);
	for (size_t len = 0; len <= sizeof bytes; len++)
		assert_int_equal(reachability_probe_is_datagram(nonce, bytes, len),
				 len == REACHABILITY_PROBE_DATAGRAM);
	for (size_t i = 0; i < REACHABILITY_PROBE_DATAGRAM; i++) {
		bytes[i] ^= 1;
		assert_false(
		    reachability_probe_is_datagram(nonce, bytes, REACHABILITY_PROBE_DATAGRAM));
		bytes[i] ^= 1;
	}
}

static void a_path_is_exact(void **state)
{
	(void)state;
	static const char path[] = REACHABILITY_PROBE_PATH HEX;
	uint8_t got[REACHABILITY_PROBE_NONCE];
	struct buf b = BUF_INIT;
	assert_true(reachability_probe_is_path(path, strlen(path), got));
	assert_memory_equal(got, nonce, REACHABILITY_PROBE_NONCE);
	for (size_t cut = 0; cut < strlen(path); cut++)
		assert_false(reachability_probe_is_path(path, cut, got));
	assert_false(
	    reachability_probe_is_path(REACHABILITY_PROBE_PATH HEX "?", strlen(path) + 1, got));
	assert_false(reachability_probe_is_path(
	    REACHABILITY_PROBE_PATH "g102030405060708090a0b0c0d0e0f10", strlen(path), got));
	reachability_probe_request(nonce, "blog.alice.example", &b);
	assert_string_equal(buf_str(&b), "GET " REACHABILITY_PROBE_PATH HEX " HTTP/1.1\r\n"
					 "Host: blog.alice.example\r\nConnection: close\r\n\r\n");
	buf_fini(&b);
}

static void answers_hold_the_proof(void **state)
{
	(void)state;
	uint8_t proof[REACHABILITY_PROBE_PROOF];
	struct buf b = BUF_INIT;
	memset(proof, 7, sizeof proof);
	reachability_probe_record(proof, &b);
	assert_int_equal(buf_len(&b), 5 + REACHABILITY_PROBE_PROOF);
	assert_memory_equal(buf_data(&b), "\x17\3\3\0\x20\7\7\7", 8);
	buf_fini(&b);
	reachability_probe_response(proof, &b);
	assert_memory_equal(buf_data(&b), "HTTP/1.1 200 OK\r\n", 17);
	assert_memory_equal(buf_data(&b) + buf_len(&b) - REACHABILITY_PROBE_PROOF, proof,
			    REACHABILITY_PROBE_PROOF);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_ask_comes_as_it_went),
	    cmocka_unit_test(bad_asks_are_told),
	    cmocka_unit_test(an_answer_comes_as_it_went),
	    cmocka_unit_test(the_proof_is_a_keyed_hash),
	    cmocka_unit_test(first_bytes_are_told_apart_at_each),
	    cmocka_unit_test(a_datagram_is_exact),
	    cmocka_unit_test(a_path_is_exact),
	    cmocka_unit_test(answers_hold_the_proof),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
