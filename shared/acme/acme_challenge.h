/* How a CA may be shown that a name is ours: RFC 8555 section 8, RFC 8737, RFC 8738. Pure. */
#ifndef GROUNDNUT_ACME_ACME_CHALLENGE_H
#define GROUNDNUT_ACME_ACME_CHALLENGE_H

#include "shared/acme/acme_object.h"
#include "shared/acme/p256.h"

enum acme_challenge { ACME_TLS_ALPN_01, ACME_DNS_01, ACME_HTTP_01 };

enum { ACME_DIGEST = 32, ACME_VALUE = ACME_TOKEN + 1 + 43 };

/* What has to be seen from outside, as long as the CA may look. */
struct acme_wish {
	enum acme_challenge challenge;
	char name[256]; /* of which host (without "*.") or address */
	char token[ACME_TOKEN + 1];
	/* dns-01: the TXT record at _acme-challenge.NAME, one value among those that are there;
	 * http-01: the body at http://NAME/.well-known/acme-challenge/TOKEN */
	char value[ACME_VALUE + 1];
	uint8_t digest[ACME_DIGEST]; /* tls-alpn-01: what acme_challenge_certificate() takes */
	bool published;              /* the owner has said so */
};

const char *acme_challenge_text(enum acme_challenge challenge); /* "tls-alpn-01" */
/* 0 or ERR_SYNTAX */
int acme_challenge_parse(const char *text, enum acme_challenge *out);
/* challenge, name and token are set; fills in what follows from them and the account's key. */
void acme_challenge_fill(struct acme_wish *w, const struct p256 *account);

/* The SNI by which the CA asks for a name: itself, or an address's name in in-addr.arpa or
 * ip6.arpa. */
void acme_challenge_sni(const char *name, char out[256]);
/* The certificate with which to answer, and its key: PEM texts, freed by the caller. */
void acme_challenge_certificate(const char *name, const uint8_t digest[ACME_DIGEST],
				char **certificate, char **key);

#endif
