/* A certificate and its key in files of the operator's own: PEM, whatever kind the key is. */
#ifndef GROUNDNUT_AGENT_CERTIFICATE_FILES_H
#define GROUNDNUT_AGENT_CERTIFICATE_FILES_H

#include "shared/net/tls_context.h"

struct certificate_files {
	struct tls_context *tls; /* for browsers; the reader's */
	uint64_t not_before_ms, not_after_ms;
	char issuer[128];
};

/* 0; or negative with *why, a sentence that names the file, freed by the caller. The call waits for
 * the disk. */
int certificate_files_read(const char *certificate, const char *key, struct certificate_files *out,
			   char **why);

#endif
