/* A key of the curve P-256 as plain bytes, of an account or a certificate. The owner wipes it. */
#ifndef GROUNDNUT_ACME_P256_H
#define GROUNDNUT_ACME_P256_H

#include <stddef.h>
#include <stdint.h>

enum { P256_BYTES = 32 };

struct p256 {
	uint8_t secret[P256_BYTES];
	uint8_t x[P256_BYTES], y[P256_BYTES]; /* the public point */
};

void p256_new(struct p256 *out); /* makes a random key */
/* Reads the first private key of a PEM text. 0, or ERR_SYNTAX when there is none, or it is of
 * another curve. */
int p256_parse(const char *pem, size_t len, struct p256 *out);
/* Writes the private key as PEM. The caller wipes and frees it. */
char *p256_text(const struct p256 *k);
/* Makes OpenSSL's form of the key, for files of shared/acme. The caller frees it by
 * EVP_PKEY_free(). */
struct evp_pkey_st *p256_open(const struct p256 *k);

#endif
