/* The other side of shared/acme/jws: what a CA does with a signed message. */
#ifndef GROUNDNUT_TESTS_UNIT_JWS_READER_H
#define GROUNDNUT_TESTS_UNIT_JWS_READER_H

#include "shared/base/conf.h"
#include "shared/base/text.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <string.h>

struct jws_reader {
	struct conf *whole, *head_json;
	struct conf_at head; /* {"alg", "kid", "jwk", "nonce", "url"} */
	char head_text[4096], payload[16384];
	char input[24576]; /* what was signed */
	uint8_t signature[64];
	size_t signature_len;
};

static inline void jws_reader_fini(struct jws_reader *r)
{
	conf_free(r->whole);
	conf_free(r->head_json);
}

static inline bool jws_reader_text(const char *from, char *out, size_t cap)
{
	size_t len;
	if (text_unbase64url(from, out, cap - 1, &len) != 0)
		return false;
	out[len] = 0;
	return true;
}

/* false: not a message of this form. */
static inline bool jws_reader_init(struct jws_reader *r, const void *p, size_t len)
{
	const char *head = "", *payload = "", *signature = "";
	memset(r, 0, sizeof(*r));
	r->whole = conf_parse("jws", p, len, false);
	struct conf_at root = conf_root(r->whole);
	conf_str(root, "protected", &head);
	conf_str(root, "payload", &payload);
	conf_str(root, "signature", &signature);
	conf_done(root);
	snprintf(r->input, sizeof(r->input), "%s.%s", head, payload);
	if (!conf_ok(root) || !jws_reader_text(head, r->head_text, sizeof(r->head_text)) ||
	    !jws_reader_text(payload, r->payload, sizeof(r->payload)) ||
	    text_unbase64url(signature, r->signature, sizeof(r->signature), &r->signature_len) != 0)
		return false;
	r->head_json = conf_parse("head", r->head_text, strlen(r->head_text), false);
	r->head = conf_root(r->head_json);
	return conf_ok(r->head);
}

static inline const char *jws_reader_str(struct jws_reader *r, const char *key)
{
	const char *value = NULL;
	conf_opt_str(r->head, key, &value);
	return value;
}

/* The public key of a JWK; NULL: it is none of P-256. */
static inline EVP_PKEY *jws_reader_key(const char *x, const char *y)
{
	uint8_t point[65] = {POINT_CONVERSION_UNCOMPRESSED};
	size_t x_len = 0, y_len = 0;
	EVP_PKEY *key = NULL;
	if (text_unbase64url(x, point + 1, 32, &x_len) != 0 || x_len != 32 ||
	    text_unbase64url(y, point + 33, 32, &y_len) != 0 || y_len != 32)
		return NULL;
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0),
	    OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
	    OSSL_PARAM_construct_end()};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY_fromdata_init(ctx);
	EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static inline bool jws_reader_verifies(const struct jws_reader *r, EVP_PKEY *key)
{
	uint8_t der[128], *end = der;
	if (r->signature_len != 64)
		return false;
	ECDSA_SIG *pair = ECDSA_SIG_new();
	ECDSA_SIG_set0(pair, BN_bin2bn(r->signature, 32, NULL),
		       BN_bin2bn(r->signature + 32, 32, NULL));
	int len = i2d_ECDSA_SIG(pair, &end);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestVerify(ctx, der, (size_t)len, (const uint8_t *)r->input,
				     strlen(r->input)) == 1;
	EVP_MD_CTX_free(ctx);
	ECDSA_SIG_free(pair);
	return good;
}

#endif
