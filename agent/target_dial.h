/*
 * Connects to a target: by name or address, with the PROXY header where the mapping asks for one,
 * then with TLS where the target is https://. A leaf.
 */
#ifndef GROUNDNUT_AGENT_TARGET_DIAL_H
#define GROUNDNUT_AGENT_TARGET_DIAL_H

#include "agent/known_targets.h"
#include "shared/net/io.h"

struct target_dial;
/* Once: io is up, and the callee's; or NULL: err, and words beyond it or "". */
typedef void target_dial_fn(void *owner, struct io *io, int err, const char *words);

/* All is used until the callback. */
struct target_place {
	const char *host;
	uint16_t port;
	struct tls_context *tls; /* NULL: plain */
	const char *name;        /* that TLS asks for */
	const char *pin;         /* the key that it must have; NULL: */
	/* what is remembered of it; NULL: tls itself verifies */
	struct known_targets *known;
	bool trust; /* what it shows now is taken: words are what was remembered before */
};

enum { TARGET_DIAL_MS = 10000 };

/* header: sent first, copied; len 0: none */
struct target_dial *target_dial_start(struct loop *l, const struct target_place *to,
				      const void *header, size_t len, target_dial_fn *fn,
				      void *owner);
/* before its callback: it never comes */
void target_dial_close(struct target_dial *d);

#endif
