/*
 * Signed JSON for ACME (RFC 7515 flattened, RFC 8555 section 6.2). Requests are signed with the
 * account's key (ES256). The binding of a new account to an external one is signed with the key
 * that the CA gave out for it (HS256). Pure.
 */
#ifndef GROUNDNUT_ACME_JWS_H
#define GROUNDNUT_ACME_JWS_H

#include "shared/acme/p256.h"
#include "shared/base/buf.h"

enum { JWS_THUMBPRINT = 44 };

/* Writes the thumbprint of RFC 7638, as base64url of SHA-256. */
void jws_thumbprint(const struct p256 *k, char out[JWS_THUMBPRINT]);
/* Appends the signed request. kid: the account's URL; NULL: the request carries the public key
 * instead. payload: JSON; NULL: the empty payload, which only fetches. */
void jws_sign(const struct p256 *k, const char *kid, const char *nonce, const char *url,
	      const char *payload, struct buf *out);
/* Appends the external account binding of RFC 8555 section 7.3.4: the public key, signed with the
 * CA's secret that has the name kid. */
void jws_bind(const struct p256 *k, const char *kid, const void *secret, size_t secret_len,
	      const char *url, struct buf *out);

#endif
