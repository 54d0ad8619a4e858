/* Requests as a CA reads them, chains that fit and chains that do not. */
#include "shared/acme/certificate.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "tests/unit/shared/acme/fake_ca.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const names[] = {"*.alice.example", "alice.example", "192.0.2.1", "2001:db8::1"};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

/* A chain for the names, signed by the CA. */
static void sign(struct fake_ca *ca, const struct p256 *key, size_t count)
{
	struct buf der = BUF_INIT;
	certificate_request(key, names, count, &der);
	const uint8_t *p = buf_data(&der);
	X509_REQ *request = d2i_X509_REQ(NULL, &p, (long)buf_len(&der));
	assert_non_null(request);
	assert_int_equal(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)), 1);
	assert_int_equal(X509_NAME_entry_count(X509_REQ_get_subject_name(request)), 0);
	fake_ca_sign(ca, request, 0);
	X509_REQ_free(request);
	buf_fini(&der);
}

static int read_it(struct fake_ca *ca, const struct p256 *key, size_t count,
		   struct certificate *out, char why[CERTIFICATE_WORDS])
{
	return certificate_init(out, (const char *)buf_data(&ca->certificate),
				buf_len(&ca->certificate), key, names, count, why);
}

static void a_chain_that_fits(void **state)
{
	struct fake_ca ca;
	struct p256 key;
	struct certificate x;
	char why[CERTIFICATE_WORDS];
	(void)state;
	fake_ca_init(&ca);
	p256_new(&key);
	sign(&ca, &key, NAMES);
	for (size_t count = 1; count <= NAMES; count++) {
		assert_int_equal(read_it(&ca, &key, count, &x, why), 0);
		assert_string_equal(x.issuer, "Fake X1");
		assert_string_equal(x.chain, buf_str(&ca.certificate));
		certificate_fini(&x);
	}
	fake_ca_fini(&ca);
}

static void a_chain_that_does_not_fit(void **state)
{
	struct fake_ca ca;
	struct p256 key, other;
	struct certificate x;
	char why[CERTIFICATE_WORDS];
	(void)state;
	fake_ca_init(&ca);
	p256_new(&key);
	p256_new(&other);
	sign(&ca, &key, 2);
	assert_int_equal(read_it(&ca, &other, 1, &x, why), ERR_CERTIFICATE);
	assert_string_equal(why, "the certificate is of another key");
	assert_int_equal(read_it(&ca, &key, 3, &x, why), ERR_CERTIFICATE);
	assert_string_equal(why, "the certificate is not for 192.0.2.1");
	sign(&ca, &key, 1);
	assert_int_equal(read_it(&ca, &key, 2, &x, why), ERR_CERTIFICATE);
	assert_string_equal(why, "the certificate is not for alice.example");
	assert_null(x.chain);
	fake_ca_fini(&ca);
}

/* What a CA may send beside certificates gets into no file. */
static void only_certificates_are_kept(void **state)
{
	struct fake_ca ca;
	struct p256 key, other;
	struct certificate x;
	char why[CERTIFICATE_WORDS];
	struct buf text = BUF_INIT;
	(void)state;
	fake_ca_init(&ca);
	p256_new(&key);
	p256_new(&other);
	sign(&ca, &key, 1);
	char *pem = p256_text(&other);
	buf_printf(&text, "some words\n%s%s\n", pem, buf_str(&ca.certificate));
	mem_free(pem);
	assert_int_equal(certificate_init(&x, buf_str(&text), buf_len(&text), &key, names, 1, why),
			 0);
	assert_string_equal(x.chain, buf_str(&ca.certificate));
	certificate_fini(&x);
	for (unsigned i = 0; i < 5; i++) /* 2 certificates each */
		buf_puts(&text, buf_str(&ca.certificate));
	assert_int_equal(certificate_init(&x, buf_str(&text), buf_len(&text), &key, names, 1, why),
			 ERR_CERTIFICATE);
	assert_string_equal(why, "no chain of certificates in PEM form");
	buf_fini(&text);
	fake_ca_fini(&ca);
}

/* The example of RFC 9773, section 4.1, signed by its own key. */
static void the_id_is_that_of_the_rfc(void **state)
{
	static const uint8_t authority[] = {0x30, 0x16, 0x80, 0x14, 0x69, 0x88, 0x5b, 0x6b,
					    0x87, 0x46, 0x40, 0x41, 0xe1, 0xb3, 0x7b, 0x84,
					    0x7b, 0xa0, 0xae, 0x2c, 0xde, 0x01, 0xc8, 0xd4};
	const uint8_t digest[32] = {0};
	struct p256 key;
	struct certificate x;
	char why[CERTIFICATE_WORDS], *text;
	(void)state;
	p256_new(&key);
	const char *name = "nas.example";
	char *pem = certificate_self_signed(&key, &name, 1, digest);
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	assert_int_equal(certificate_init(&x, pem, strlen(pem), &key, &name, 1, why), 0);
	assert_string_equal(x.id, ""); /* no key identifier yet */
	certificate_fini(&x);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	ASN1_OCTET_STRING_set(value, authority, sizeof(authority));
	X509_EXTENSION *ext =
	    X509_EXTENSION_create_by_NID(NULL, NID_authority_key_identifier, 0, value);
	X509_add_ext(cert, ext, -1);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), 0x87654321);
	EVP_PKEY *pkey = p256_open(&key);
	X509_sign(cert, pkey, EVP_sha256());
	BIO *out = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(out, cert);
	size_t len = (size_t)BIO_get_mem_data(out, &text);
	assert_int_equal(certificate_init(&x, text, len, &key, &name, 1, why), 0);
	assert_string_equal(x.id, "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
	certificate_fini(&x);
	EVP_PKEY_free(pkey);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
	X509_free(cert);
	BIO_free(bio);
	BIO_free(out);
	mem_free(pem);
}

static void dates_become_milliseconds(void **state)
{
	struct fake_ca ca;
	struct p256 key;
	struct certificate x;
	char why[CERTIFICATE_WORDS];
	(void)state;
	fake_ca_init(&ca);
	p256_new(&key);
	ca.life_days = 40000; /* beyond 2050 they are written otherwise */
	sign(&ca, &key, 1);
	assert_int_equal(read_it(&ca, &key, 1, &x, why), 0);
	assert_int_equal((x.not_after_ms - x.not_before_ms) / 86400000, 40000);
	certificate_fini(&x);
	ca.life_days = 0;
	sign(&ca, &key, 1);
	assert_int_equal(read_it(&ca, &key, 1, &x, why), ERR_CERTIFICATE);
	assert_string_equal(why, "the certificate's dates cannot be read");
	fake_ca_fini(&ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_chain_that_fits),
	    cmocka_unit_test(a_chain_that_does_not_fit),
	    cmocka_unit_test(only_certificates_are_kept),
	    cmocka_unit_test(the_id_is_that_of_the_rfc),
	    cmocka_unit_test(dates_become_milliseconds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
