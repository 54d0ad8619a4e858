#include "shared/acme/acme_challenge.h"
#include "shared/acme/certificate.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void kinds_have_names(void **state)
{
	enum acme_challenge kind;
	(void)state;
	for (unsigned i = ACME_TLS_ALPN_01; i <= ACME_HTTP_01; i++) {
		assert_int_equal(acme_challenge_parse(acme_challenge_text(i), &kind), 0);
		assert_int_equal(kind, i);
	}
	assert_int_equal(acme_challenge_parse("dns-02", &kind), ERR_SYNTAX);
}

static void addresses_are_asked_for_by_their_reverse_names(void **state)
{
	static const char *const rows[][2] = {
	    {"nas.example", "nas.example"},
	    {"192.0.2.1", "1.2.0.192.in-addr.arpa"},
	    {"2001:db8::1",
	     "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"}};
	char sni[256];
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		acme_challenge_sni(rows[i][0], sni);
		assert_string_equal(sni, rows[i][1]);
	}
}

/* RFC 8737, section 3: one name, and the digest in an extension that is critical. */
static void the_certificate_carries_the_digest(void **state)
{
	static const char *const names[] = {"nas.example", "192.0.2.1", "2001:db8::1"};
	uint8_t digest[ACME_DIGEST];
	(void)state;
	for (unsigned i = 0; i < sizeof(digest); i++)
		digest[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *certificate, *key, why[CERTIFICATE_WORDS];
		struct p256 k;
		struct certificate read;
		acme_challenge_certificate(names[i], digest, &certificate, &key);
		assert_int_equal(p256_parse(key, strlen(key), &k), 0);
		assert_int_equal(certificate_init(&read, certificate, strlen(certificate), &k,
						  &names[i], 1, why),
				 0);
		BIO *bio = BIO_new_mem_buf(certificate, -1);
		X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		GENERAL_NAMES *list = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
		assert_int_equal(sk_GENERAL_NAME_num(list), 1);
		ASN1_OBJECT *id = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
		X509_EXTENSION *ext = X509_get_ext(x, X509_get_ext_by_OBJ(x, id, -1));
		assert_int_equal(X509_EXTENSION_get_critical(ext), 1);
		const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(ext);
		assert_int_equal(ASN1_STRING_length(value), 34);
		const uint8_t *p = ASN1_STRING_get0_data(value);
		assert_int_equal(p[0], V_ASN1_OCTET_STRING);
		assert_memory_equal(p + 2, digest, sizeof(digest));
		ASN1_OBJECT_free(id);
		GENERAL_NAMES_free(list);
		X509_free(x);
		BIO_free(bio);
		certificate_fini(&read);
		mem_free(certificate);
		mem_free(key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(kinds_have_names),
	    cmocka_unit_test(addresses_are_asked_for_by_their_reverse_names),
	    cmocka_unit_test(the_certificate_carries_the_digest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
