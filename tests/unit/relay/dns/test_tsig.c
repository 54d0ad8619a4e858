/* Signatures: ours by the library's word, and answers that are forged, cut, late or unsigned. */
#include "relay/dns/tsig.h"

#include "shared/base/mem.h"
#include "shared/base/random.h"

#include <ldns/ldns.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <string.h>

#include <cmocka.h>

static const char secret[] = "0123456789abcdef0123456789abcdef";
enum { NOW = 1700000000 };

static struct tsig_key key_of(const char *algorithm)
{
	struct tsig_key k;
	assert_int_equal(tsig_key_set(&k, "relay-key", algorithm, secret, 32), 0);
	return k;
}

static size_t question(uint8_t *out, size_t cap)
{
	struct dns_update *u = dns_update_new(4711, "dyn.test");
	dns_update_clear(u, "pc.dyn.test", "A");
	dns_update_add(u, "pc.dyn.test", "A", 60, "11.0.0.1");
	return dns_update_end(u, out, cap);
}

/* What a server would answer: the header with QR, signed over the request's MAC by the library. */
static size_t server_answer(const uint8_t *request, size_t len, const char *key64, uint8_t *out)
{
	ldns_pkt *q, *a = ldns_pkt_new();
	assert_int_equal(ldns_wire2pkt(&q, request, len), LDNS_STATUS_OK);
	ldns_pkt_set_id(a, ldns_pkt_id(q));
	ldns_pkt_set_opcode(a, 5);
	ldns_pkt_set_qr(a, true);
	ldns_rdf *mac = ldns_rr_rdf(ldns_pkt_tsig(q), 3);
	assert_int_equal(ldns_pkt_tsig_sign(a, "relay-key.", key64, 300, "hmac-sha256.", mac),
			 LDNS_STATUS_OK);
	uint8_t *wire;
	size_t got;
	assert_int_equal(ldns_pkt2wire(&wire, a, &got), LDNS_STATUS_OK);
	memcpy(out, wire, got);
	free(wire);
	ldns_pkt_free(a);
	ldns_pkt_free(q);
	return got;
}

static const char key64[] = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

static void the_library_takes_ours(void **state)
{
	(void)state;
	struct tsig_key k = key_of("hmac-sha256");
	uint8_t packet[2048];
	struct tsig_mac mac;
	size_t bare = question(packet, 1024), len = tsig_sign(&k, packet, bare, NOW, &mac);
	assert_int_equal(mac.len, 32);
	ldns_pkt *p;
	assert_int_equal(ldns_wire2pkt(&p, packet, len), LDNS_STATUS_OK);
	assert_true(ldns_pkt_tsig_verify(p, packet, len, "relay-key.", key64, NULL));
	assert_false(ldns_pkt_tsig_verify(p, packet, len, "relay-key.", "AAAA", NULL));
	ldns_pkt_free(p);
}

static void answers_are_judged(void **state)
{
	(void)state;
	struct tsig_key k = key_of("hmac-sha256");
	uint8_t packet[2048], answer[2048], forged[2048];
	struct tsig_mac mac, other;
	int64_t skew;
	size_t len = tsig_sign(&k, packet, question(packet, 1024), (uint64_t)time(NULL), &mac);
	size_t got = server_answer(packet, len, key64, answer);
	uint64_t now = (uint64_t)time(NULL);
	assert_int_equal(tsig_verify(&k, answer, got, &mac, now, &skew), TSIG_GOOD);
	assert_int_equal(tsig_verify(&k, answer, got, &mac, now + 11 * 86400, &skew), TSIG_TIME);
	assert_true(skew < -11 * 86400 + 10);
	assert_int_equal(tsig_verify(&k, answer, got, &mac, now - 400, &skew), TSIG_TIME);
	memset(&other, 7, sizeof(other));
	other.len = 32;
	/* the answer to another question */
	assert_int_equal(tsig_verify(&k, answer, got, &other, now, &skew), TSIG_BAD);
	got = server_answer(packet, len, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", answer);
	assert_int_equal(tsig_verify(&k, answer, got, &mac, now, &skew), TSIG_BAD);
	got = server_answer(packet, len, key64, answer);
	for (size_t i = 0; i < got; i++) {
		memcpy(forged, answer, got);
		forged[i] ^= 1;
		if (i < 2 || (i > 10 && i < 12))
			/* the id is the transport's business; the count decides whether there is a
			 * signature */
			continue;
		enum tsig_verdict v = tsig_verify(&k, forged, got, &mac, now, &skew);
		if (v == TSIG_GOOD && !(i >= 12 && forged[i] != answer[i] &&
					(forged[i] | 0x20) == (answer[i] | 0x20)))
			fail_msg("byte %zu", i);
	}
	for (size_t cut = 0; cut < got; cut++)
		assert_int_not_equal(tsig_verify(&k, answer, cut, &mac, now, &skew), TSIG_GOOD);
	const uint8_t bare[12] = {0x12, 0x67, 0xa8, 9};
	assert_int_equal(tsig_verify(&k, bare, 12, &mac, now, &skew), TSIG_ABSENT);
}

static void random_bytes_are_no_signature(void **state)
{
	(void)state;
	struct tsig_key k = key_of("hmac-sha512");
	struct tsig_mac mac = {.len = 64};
	uint8_t packet[300];
	int64_t skew;
	for (unsigned i = 0; i < 50000; i++) {
		size_t len = random_below(sizeof(packet));
		random_bytes(packet, len);
		if (len > 12)
			packet[4] = packet[6] = packet[8] = packet[10] = 0, packet[5] &= 3,
			packet[7] &= 3, packet[9] &= 3, packet[11] &= 3;
		assert_int_not_equal(tsig_verify(&k, packet, len, &mac, NOW, &skew), TSIG_GOOD);
	}
}

static void keys_that_are_none(void **state)
{
	(void)state;
	struct tsig_key k;
	assert_int_not_equal(tsig_key_set(&k, "relay-key", "hmac-sha3", secret, 32), 0);
	assert_int_not_equal(tsig_key_set(&k, "relay key", "hmac-sha256", secret, 32), 0);
	assert_int_not_equal(tsig_key_set(&k, "relay-key", "hmac-sha256", secret, 0), 0);
}

static void what_cannot_be_signed_is_not_sent(void **state)
{
	(void)state;
	uint8_t packet[1024];
	struct tsig_mac mac;
	struct tsig_key k = key_of("hmac-sha256");
	k.digest = "none";
	assert_int_equal(tsig_sign(&k, packet, question(packet, 1024), NOW, &mac), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_library_takes_ours),
	    cmocka_unit_test(answers_are_judged),
	    cmocka_unit_test(random_bytes_are_no_signature),
	    cmocka_unit_test(keys_that_are_none),
	    cmocka_unit_test(what_cannot_be_signed_is_not_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
