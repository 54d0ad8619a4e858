#include "shared/acme/jws.h"

#include "shared/base/json.h"
#include "shared/base/text.h"

#include <assert.h>
#include <limits.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>

enum { SIGNATURE_BYTES = 2 * P256_BYTES };

static void put_base64url(struct buf *out, const void *p, size_t len)
{
	size_t room = 4 * ((len + 2) / 3) + 1;
	char *text = (char *)buf_reserve(out, room);
	text_base64url(p, len, text);
	buf_commit(out, strlen(text));
}

/* Writes the members sorted and without blanks: RFC 7638 hashes exactly this text. */
static void put_jwk(struct json *w, const char *key, const struct p256 *k)
{
	char x[P256_BYTES * 2], y[P256_BYTES * 2];
	text_base64url(k->x, P256_BYTES, x);
	text_base64url(k->y, P256_BYTES, y);
	json_open(w, key, '{');
	json_str(w, "crv", "P-256");
	json_str(w, "kty", "EC");
	json_str(w, "x", x);
	json_str(w, "y", y);
	json_close(w);
}

static void jwk_text(const struct p256 *k, struct buf *out)
{
	struct json w = json_into(out, false);
	put_jwk(&w, NULL, k);
}

void jws_thumbprint(const struct p256 *k, char out[JWS_THUMBPRINT])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	struct buf jwk = BUF_INIT;
	jwk_text(k, &jwk);
	SHA256(buf_data(&jwk), buf_len(&jwk), digest);
	text_base64url(digest, sizeof(digest), out);
	buf_fini(&jwk);
}

/* OpenSSL gives the signature's two numbers in DER; JOSE wants them one after the other. */
static void sign_es256(const struct p256 *k, const void *p, size_t len,
		       uint8_t out[SIGNATURE_BYTES])
{
	uint8_t der[128];
	size_t der_len = sizeof(der);
	EVP_PKEY *key = p256_open(k);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		  EVP_DigestSign(ctx, der, &der_len, p, len) == 1;
	assert(ok);
	const uint8_t *at = der;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)der_len);
	assert(pair);
	BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, P256_BYTES);
	BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + P256_BYTES, P256_BYTES);
	ECDSA_SIG_free(pair);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
}

/* Writes the text that is signed: "head.payload", both in base64url. */
static void put_input(struct buf *out, const struct buf *head, const char *payload)
{
	put_base64url(out, buf_data(head), buf_len(head));
	buf_puts(out, ".");
	put_base64url(out, payload, strlen(payload));
}

static void put_whole(struct buf *input, const void *signature, size_t len, struct buf *out)
{
	struct buf text = BUF_INIT;
	const char *both = buf_str(input), *dot = strchr(both, '.');
	put_base64url(&text, signature, len);
	struct json w = json_into(out, false);
	json_open(&w, NULL, '{');
	json_strn(&w, "protected", both, (size_t)(dot - both));
	json_str(&w, "payload", dot + 1);
	json_str(&w, "signature", buf_str(&text));
	json_close(&w);
	buf_fini(&text);
}

void jws_sign(const struct p256 *k, const char *kid, const char *nonce, const char *url,
	      const char *payload, struct buf *out)
{
	struct buf head = BUF_INIT, input = BUF_INIT;
	uint8_t signature[SIGNATURE_BYTES];
	struct json w = json_into(&head, false);
	json_open(&w, NULL, '{');
	json_str(&w, "alg", "ES256");
	if (kid)
		json_str(&w, "kid", kid);
	else
		put_jwk(&w, "jwk", k);
	json_str(&w, "nonce", nonce);
	json_str(&w, "url", url);
	json_close(&w);
	put_input(&input, &head, payload ? payload : "");
	sign_es256(k, buf_data(&input), buf_len(&input), signature);
	put_whole(&input, signature, sizeof(signature), out);
	buf_fini(&head);
	buf_fini(&input);
}

void jws_bind(const struct p256 *k, const char *kid, const void *secret, size_t secret_len,
	      const char *url, struct buf *out)
{
	struct buf head = BUF_INIT, jwk = BUF_INIT, input = BUF_INIT;
	uint8_t mac[SHA256_DIGEST_LENGTH];
	struct json w = json_into(&head, false);
	json_open(&w, NULL, '{');
	json_str(&w, "alg", "HS256");
	json_str(&w, "kid", kid);
	json_str(&w, "url", url);
	json_close(&w);
	jwk_text(k, &jwk);
	put_input(&input, &head, buf_str(&jwk));
	assert(secret_len <= INT_MAX);
	HMAC(EVP_sha256(), secret, (int)secret_len, buf_data(&input), buf_len(&input), mac, NULL);
	put_whole(&input, mac, sizeof(mac), out);
	buf_fini(&head);
	buf_fini(&jwk);
	buf_fini(&input);
}
