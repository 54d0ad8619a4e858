/* A key of the curve P-256 as plain bytes: an account's, or a certificate's. */
#ifndef GROUNDNUT_ACME_P256_H
#define GROUNDNUT_ACME_P256_H

#include <stddef.h>
#include <stdint.h>

enum { P256_BYTES = 32 };

struct p256 {
	uint8_t secret[P256_BYTES];
	uint8_t x[P256_BYTES], y[P256_BYTES]; /* the public point */
};

void p256_new(struct p256 *out);
/* The first private key of a PEM text; ERR_SYNTAX when there is none, or none of this curve. */
int p256_parse(const char *pem, size_t len, struct p256 *out);
/* as PEM; freed by the caller, who wipes it first */
char *p256_text(const struct p256 *k);
/* For the files of shared/acme that call OpenSSL: freed by EVP_PKEY_free(). */
struct evp_pkey_st *p256_open(const struct p256 *k);

#endif
