/* The challenges by which a CA checks a name: RFC 8555 section 8, RFC 8737, RFC 8738. Pure. */
#ifndef GROUNDNUT_ACME_ACME_CHALLENGE_H
#define GROUNDNUT_ACME_ACME_CHALLENGE_H

#include "shared/acme/acme_json.h"
#include "shared/acme/p256.h"

enum acme_challenge { ACME_TLS_ALPN_01, ACME_DNS_01, ACME_HTTP_01 };

enum { ACME_DIGEST = 32, ACME_VALUE = ACME_TOKEN + 1 + 43 };

/* What the owner must publish while the CA may look. */
struct acme_wish {
	enum acme_challenge challenge;
	char name[256]; /* the host without "*.", or the address */
	char token[ACME_TOKEN + 1];
	/* dns-01: a value of the TXT record at _acme-challenge.NAME, besides its other values.
	 * http-01: the body at http://NAME/.well-known/acme-challenge/TOKEN. */
	char value[ACME_VALUE + 1];
	uint8_t digest[ACME_DIGEST]; /* tls-alpn-01: for acme_challenge_certificate() */
	bool published;              /* the owner has told that it is published */
};

const char *acme_challenge_text(enum acme_challenge challenge); /* "tls-alpn-01" */
/* 0 or ERR_SYNTAX */
int acme_challenge_parse(const char *text, enum acme_challenge *out);
/* Computes value and digest from challenge and token, which are set, and the account's key. */
void acme_challenge_fill(struct acme_wish *w, const struct p256 *account);

/* Writes the SNI that the CA sends for a name: the host itself, or the reverse name of an address
 * in in-addr.arpa or ip6.arpa. */
void acme_challenge_sni(const char *name, char out[256]);
/* Makes the certificate that answers tls-alpn-01, and its key, as PEM. The caller frees both. */
void acme_challenge_certificate(const char *name, const uint8_t digest[ACME_DIGEST],
				char **certificate, char **key);

#endif
