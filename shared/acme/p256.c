#include "shared/acme/p256.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"

#include <assert.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <string.h>

static const char curve[] = "prime256v1";

static bool take_number(EVP_PKEY *key, const char *name, uint8_t out[P256_BYTES])
{
	BIGNUM *n = NULL;
	bool ok = EVP_PKEY_get_bn_param(key, name, &n) == 1 &&
		  BN_bn2binpad(n, out, P256_BYTES) == P256_BYTES;
	BN_clear_free(n);
	return ok;
}

static bool take(EVP_PKEY *key, struct p256 *out)
{
	char name[32];
	return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof(name),
					      NULL) == 1 &&
	       strcmp(name, curve) == 0 &&
	       take_number(key, OSSL_PKEY_PARAM_PRIV_KEY, out->secret) &&
	       take_number(key, OSSL_PKEY_PARAM_EC_PUB_X, out->x) &&
	       take_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, out->y);
}

void p256_new(struct p256 *out)
{
	EVP_PKEY *key = EVP_EC_gen(curve);
	bool taken = key && take(key, out);
	assert(taken);
	EVP_PKEY_free(key);
}

static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf, (void)size, (void)writing, (void)arg;
	return -1; /* without this OpenSSL asks on the terminal */
}

int p256_parse(const char *pem, size_t len, struct p256 *out)
{
	if (len > INT_MAX)
		return ERR_SYNTAX;
	BIO *text = BIO_new_mem_buf(pem, (int)len);
	EVP_PKEY *key = text ? PEM_read_bio_PrivateKey(text, NULL, no_passphrase, NULL) : NULL;
	int rc = key && take(key, out) ? 0 : ERR_SYNTAX;
	EVP_PKEY_free(key);
	BIO_free(text);
	ERR_clear_error();
	return rc;
}

char *p256_text(const struct p256 *k)
{
	EVP_PKEY *key = p256_open(k);
	BIO *bio = BIO_new(BIO_s_secmem());
	char *data;
	bool written = bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
	assert(written);
	size_t len = (size_t)BIO_get_mem_data(bio, &data);
	char *text = mem_alloc(len + 1);
	memcpy(text, data, len);
	text[len] = 0;
	BIO_free(bio);
	EVP_PKEY_free(key);
	return text;
}

struct evp_pkey_st *p256_open(const struct p256 *k)
{
	uint8_t point[1 + 2 * P256_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
	memcpy(point + 1, k->x, P256_BYTES);
	memcpy(point + 1 + P256_BYTES, k->y, P256_BYTES);
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *secret = BN_secure_new();
	OSSL_PARAM *params = NULL;
	if (ctx && build && secret && BN_bin2bn(k->secret, P256_BYTES, secret) &&
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point,
					     sizeof(point)) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, secret) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	if (params && EVP_PKEY_fromdata_init(ctx) == 1)
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params);
	assert(key);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_clear_free(secret);
	EVP_PKEY_CTX_free(ctx);
	return key;
}
