/* Certificates and requests for them (X.509): what ACME needs, and a server's own. Pure. */
#ifndef GROUNDNUT_ACME_CERTIFICATE_H
#define GROUNDNUT_ACME_CERTIFICATE_H

#include "shared/acme/p256.h"
#include "shared/base/buf.h"

enum { CERTIFICATE_WORDS = 512, CERTIFICATE_ID = 192 };

/* names: hosts, also "*.example.com", and addresses, in lower case. */

/* A PKCS #10 request in DER. */
void certificate_request(const struct p256 *key, const char *const *names, size_t count,
			 struct buf *out);

struct certificate {
	char *chain; /* PEM, owned: the certificate itself first */
	uint64_t not_before_ms, not_after_ms;
	char issuer[128];        /* who signed it, for a person */
	char id[CERTIFICATE_ID]; /* RFC 9773 section 4.1; "" when it has none */
};
/* Reads a chain in PEM and checks that it is for this key (NULL: whatever its key is) and for all
 * of these names. 0, or ERR_CERTIFICATE with one sentence in why. */
int certificate_init(struct certificate *out, const char *pem, size_t len, const struct p256 *key,
		     const char *const *names, size_t count, char why[CERTIFICATE_WORDS]);
void certificate_fini(struct certificate *c);

/* A certificate signed by its own key, for the names; PEM, freed by the caller. With digest: for
 * tls-alpn-01 (an acmeIdentifier, RFC 8737), a week. NULL: a server's own, 20 years. */
char *certificate_self_signed(const struct p256 *key, const char *const *names, size_t count,
			      const uint8_t *digest);

#endif
