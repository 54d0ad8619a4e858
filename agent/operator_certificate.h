/* Reads a certificate and its key from the operator's own files: PEM, with any kind of key. */
#ifndef GROUNDNUT_AGENT_OPERATOR_CERTIFICATE_H
#define GROUNDNUT_AGENT_OPERATOR_CERTIFICATE_H

#include "shared/net/tls_context.h"

struct operator_certificate {
	struct tls_context *tls; /* for browsers; the caller has the reference */
	uint64_t not_before_ms, not_after_ms;
	char issuer[128];
};

/* Returns 0, or a negative error with *why, a sentence that names the file and that the caller
 * frees. Blocking. */
int operator_certificate_read(const char *certificate, const char *key,
			      struct operator_certificate *out, char **why);

#endif
