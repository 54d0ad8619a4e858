/* A peer of TLS 1.3 that shakes hands by OpenSSL and then makes its own records: what OpenSSL would
 * not send. Client only, AES-128-GCM. */
#ifndef GROUNDNUT_TEST_RAW_TLS_H
#define GROUNDNUT_TEST_RAW_TLS_H

#include "shared/base/text.h"

#include <openssl/kdf.h>
#include <openssl/ssl.h>

enum {
	RAW_CHANGE_CIPHER = 20,
	RAW_ALERT = 21,
	RAW_HANDSHAKE = 22,
	RAW_DATA = 23,
	RAW_MORE = 5 + 1 + 16 /* of a record beyond what it carries */
};

struct raw_tls {
	SSL *ssl;
	uint8_t secret[32], key[16], iv[12];
	uint64_t number; /* of the next record */
};

/* RFC 8446, 7.1: HKDF-Expand-Label without context. */
static inline void raw_tls_expand(const uint8_t secret[32], const char *label, uint8_t *out,
				  size_t len)
{
	uint8_t info[64];
	int n = snprintf((char *)info + 2, sizeof(info) - 2, "%ctls13 %s", (int)strlen(label) + 6,
			 label);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);

	info[0] = 0;
	info[1] = (uint8_t)len;
	info[2 + n] = 0;
	EVP_PKEY_derive_init(c);
	EVP_PKEY_CTX_set_hkdf_mode(c, EVP_PKEY_HKDEF_MODE_EXPAND_ONLY);
	EVP_PKEY_CTX_set_hkdf_md(c, EVP_sha256());
	EVP_PKEY_CTX_set1_hkdf_key(c, secret, 32);
	EVP_PKEY_CTX_add1_hkdf_info(c, info, 3 + n);
	assert_int_equal(EVP_PKEY_derive(c, out, &len), 1);
	EVP_PKEY_CTX_free(c);
}

static inline void raw_tls_use_secret(struct raw_tls *r)
{
	raw_tls_expand(r->secret, "key", r->key, sizeof(r->key));
	raw_tls_expand(r->secret, "iv", r->iv, sizeof(r->iv));
	r->number = 0;
}

static inline void raw_tls_on_secret(const SSL *ssl, const char *line)
{
	struct raw_tls *r = SSL_get_app_data(ssl);

	if (strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) != 0)
		return;
	assert_int_equal(text_unhex(strrchr(line, ' ') + 1, r->secret, sizeof(r->secret)), 0);
	raw_tls_use_secret(r);
}

static inline void raw_tls_open(struct raw_tls *r, int fd)
{
	static const unsigned char alpn[] = "\x0bgroundnut/1";
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_keylog_callback(ctx, raw_tls_on_secret);
	SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256");
	r->ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	SSL_set_app_data(r->ssl, r);
	SSL_set_alpn_protos(r->ssl, alpn, sizeof(alpn) - 1);
	SSL_set_fd(r->ssl, fd);
	SSL_set_connect_state(r->ssl);
}

static inline void raw_tls_close(struct raw_tls *r)
{
	SSL_free(r->ssl);
	r->ssl = NULL;
}

/* One record of a type with what it carries, to out; returns its length, len + RAW_MORE. */
static inline size_t raw_tls_record(struct raw_tls *r, uint8_t type, const void *p, size_t len,
				    uint8_t *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	size_t body = len + 1 + 16;
	uint8_t nonce[12], head[5] = {RAW_DATA, 3, 3, (uint8_t)(body >> 8), (uint8_t)body};
	int n = 0, m = 0;

	memcpy(out, head, 5);
	memcpy(nonce, r->iv, 12);
	for (int i = 0; i < 8; i++)
		nonce[11 - i] ^= (uint8_t)(r->number >> 8 * i);
	r->number++;
	EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, r->key, nonce);
	EVP_EncryptUpdate(c, NULL, &n, out, 5);
	n = 0;
	if (len > 0)
		EVP_EncryptUpdate(c, out + 5, &n, p, (int)len);
	EVP_EncryptUpdate(c, out + 5 + n, &m, &type, 1);
	EVP_EncryptFinal_ex(c, out + 5 + n + m, &m);
	EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, out + 5 + len + 1);
	EVP_CIPHER_CTX_free(c);
	return 5 + body;
}

/* A KeyUpdate, and the keys that it announces. */
static inline size_t raw_tls_key_update(struct raw_tls *r, bool requested, uint8_t *out)
{
	const uint8_t message[5] = {24, 0, 0, 1, requested};
	size_t len = raw_tls_record(r, RAW_HANDSHAKE, message, sizeof(message), out);
	uint8_t next[32];

	raw_tls_expand(r->secret, "traffic upd", next, sizeof(next));
	memcpy(r->secret, next, sizeof(next));
	raw_tls_use_secret(r);
	return len;
}

#endif
