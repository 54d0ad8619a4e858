#include "shared/acme/jws.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "tests/unit/shared/acme/jws_reader.h"

#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The key of RFC 7515, appendix A.3. */
static void sample(struct p256 *k)
{
	size_t len;
	assert_int_equal(
	    text_unbase64url("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI", k->secret, 32, &len),
	    0);
	assert_int_equal(
	    text_unbase64url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", k->x, 32, &len), 0);
	assert_int_equal(
	    text_unbase64url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", k->y, 32, &len), 0);
}

static void a_key_comes_back_from_its_text(void **state)
{
	struct p256 k, again;
	(void)state;
	for (unsigned i = 0; i < 50; i++) { /* some have leading zeros */
		p256_new(&k);
		char *pem = p256_text(&k);
		assert_int_equal(p256_parse(pem, strlen(pem), &again), 0);
		assert_memory_equal(&k, &again, sizeof(k));
		assert_int_equal(p256_parse(pem, strlen(pem) / 2, &again), ERR_SYNTAX);
		mem_free(pem);
	}
	assert_int_equal(p256_parse("", 0, &again), ERR_SYNTAX);
}

static void a_key_of_another_kind_is_none(void **state)
{
	static const char *const curves[] = {"P-384", "secp256k1", NULL};
	struct p256 k;
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		EVP_PKEY *key =
		    curves[i] ? EVP_EC_gen(curves[i]) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		BIO *bio = BIO_new(BIO_s_mem());
		char *pem;
		PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
		size_t len = (size_t)BIO_get_mem_data(bio, &pem);
		assert_true(len > 0);
		assert_int_equal(p256_parse(pem, len, &k), ERR_SYNTAX);
		BIO_free(bio);
		EVP_PKEY_free(key);
	}
}

static void the_thumbprint_is_as_others_make_it(void **state)
{
	struct p256 k;
	char text[JWS_THUMBPRINT];
	(void)state;
	sample(&k);
	jws_thumbprint(&k, text);
	assert_string_equal(text, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
}

static void what_is_signed_verifies(void **state)
{
	struct p256 k;
	struct buf out = BUF_INIT;
	struct jws_reader r;
	(void)state;
	sample(&k);
	EVP_PKEY *key = jws_reader_key("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
				       "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
	jws_sign(&k, "https://ca.test/acct/1", "bm9uY2U", "https://ca.test/order", "{\"a\":1}",
		 &out);
	assert_true(jws_reader_init(&r, buf_data(&out), buf_len(&out)));
	assert_string_equal(r.head_text,
			    "{\"alg\":\"ES256\",\"kid\":\"https://ca.test/acct/1\","
			    "\"nonce\":\"bm9uY2U\",\"url\":\"https://ca.test/order\"}");
	assert_string_equal(r.payload, "{\"a\":1}");
	assert_true(jws_reader_verifies(&r, key));
	r.input[10] ^= 1;
	assert_false(jws_reader_verifies(&r, key));
	jws_reader_fini(&r);
	EVP_PKEY_free(key);
	buf_fini(&out);
}

static void without_an_account_the_key_goes_along(void **state)
{
	struct p256 k;
	struct buf out = BUF_INIT;
	struct jws_reader r;
	(void)state;
	sample(&k);
	jws_sign(&k, NULL, "n", "https://ca.test/new", NULL, &out);
	assert_true(jws_reader_init(&r, buf_data(&out), buf_len(&out)));
	assert_string_equal(r.head_text,
			    "{\"alg\":\"ES256\",\"jwk\":{\"crv\":\"P-256\",\"kty\":\"EC\","
			    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
			    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
			    "\"nonce\":\"n\",\"url\":\"https://ca.test/new\"}");
	assert_string_equal(r.payload, "");
	jws_reader_fini(&r);
	buf_fini(&out);
}

/* The expected text was made by another program. */
static void an_account_is_bound_by_hmac(void **state)
{
	struct p256 k;
	struct buf out = BUF_INIT;
	uint8_t secret[64];
	size_t len;
	(void)state;
	sample(&k);
	text_unbase64url("zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W", secret,
			 sizeof(secret), &len);
	jws_bind(&k, "kid-1", secret, len, "https://ca.test/new", &out);
	assert_string_equal(
	    buf_str(&out),
	    "{\"protected\":\"eyJhbGciOiJIUzI1NiIsImtpZCI6ImtpZC0xIiwidXJsIjoiaHR0cHM6"
	    "Ly9jYS50ZXN0L25ldyJ9\",\"payload\":\"eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwi"
	    "eCI6ImY4M09KM0QyeEYxQmc4dnViOXRMZTFnSE16Vjc2ZThUdXM5dVBIdlJWRVUiLCJ5Ijoi"
	    "eF9GRXpSdTltMzZITE5fdHVlNjU5TE5wWFc2cEN5U3Rpa1lqS0lXSTVhMCJ9\","
	    "\"signature\":\"93hvp8ctEsJ4p3sZU6nAI4pjGuP5fVxeRKM2t2C2M3g\"}");
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_comes_back_from_its_text),
	    cmocka_unit_test(a_key_of_another_kind_is_none),
	    cmocka_unit_test(the_thumbprint_is_as_others_make_it),
	    cmocka_unit_test(what_is_signed_verifies),
	    cmocka_unit_test(without_an_account_the_key_goes_along),
	    cmocka_unit_test(an_account_is_bound_by_hmac),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
