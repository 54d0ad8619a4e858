/*
 * Signed JSON as ACME wants it (RFC 7515 flattened, RFC 8555 section 6.2): signed with the
 * account's key (ES256), or, to bind a new account to one that exists elsewhere, with a key that
 * the CA gave out there (HS256). Pure.
 */
#ifndef GROUNDNUT_ACME_JWS_H
#define GROUNDNUT_ACME_JWS_H

#include "shared/acme/p256.h"
#include "shared/base/buf.h"

enum { JWS_THUMBPRINT = 44 };

/* RFC 7638, base64url of SHA-256 */
void jws_thumbprint(const struct p256 *k, char out[JWS_THUMBPRINT]);
/* kid: the account's URL, or NULL: the public key goes along. payload: JSON, or NULL for the empty
 * one by which something is fetched. */
void jws_sign(const struct p256 *k, const char *kid, const char *nonce, const char *url,
	      const char *payload, struct buf *out);
/* RFC 8555 section 7.3.4: the public key, signed with the CA's secret named kid. */
void jws_bind(const struct p256 *k, const char *kid, const void *secret, size_t secret_len,
	      const char *url, struct buf *out);

#endif
