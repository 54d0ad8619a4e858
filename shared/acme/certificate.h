/* X.509 certificates and requests for ACME, and a server's self-signed certificate. Pure. */
#ifndef GROUNDNUT_ACME_CERTIFICATE_H
#define GROUNDNUT_ACME_CERTIFICATE_H

#include "shared/acme/p256.h"
#include "shared/base/buf.h"

enum { CERTIFICATE_WORDS = 512, CERTIFICATE_ID = 192 };

/* names everywhere: hosts, wildcards such as "*.example.com" and addresses, in lower case. */

/* Appends a PKCS #10 request in DER. */
void certificate_request(const struct p256 *key, const char *const *names, size_t count,
			 struct buf *out);

struct certificate {
	char *chain;                          /* PEM, owned; the certificate itself comes first */
	uint64_t not_before_ms, not_after_ms; /* UNIX time */
	char issuer[128];                     /* who signed it, for a person */
	char id[CERTIFICATE_ID];              /* RFC 9773 section 4.1; "": it has none */
};
/* Reads a chain in PEM. Checks that it is for this key (NULL: any key) and for all of these names;
 * does not check signatures or the time. 0, or ERR_CERTIFICATE with one sentence in why, and out is
 * empty. */
int certificate_init(struct certificate *out, const char *pem, size_t len, const struct p256 *key,
		     const char *const *names, size_t count, char why[CERTIFICATE_WORDS]);
void certificate_fini(struct certificate *c);

/* Makes a certificate for the names that is signed by its own key, as PEM; the caller frees it.
 * digest: that of a tls-alpn-01 challenge (acmeIdentifier, RFC 8737); it is valid for a week. NULL:
 * a server's certificate, valid for 20 years. */
char *certificate_self_signed(const struct p256 *key, const char *const *names, size_t count,
			      const uint8_t *digest);

#endif
