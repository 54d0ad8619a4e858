/*
 * Connects to a target by name or address. It sends the PROXY header first when there is one, then
 * begins TLS when the target is https:// and judges its certificate. A leaf.
 */
#ifndef GROUNDNUT_AGENT_TARGET_DIAL_H
#define GROUNDNUT_AGENT_TARGET_DIAL_H

#include "agent/known_target_keys.h"
#include "shared/net/io.h"

struct target_dial;
/* Comes once, from the loop; the dial is freed then. io: it is up, and the callee owns it. NULL:
 * err says why, with further words or "". */
typedef void target_dial_fn(void *owner, struct io *io, int err, const char *words);

/* A target, and how its certificate is judged. All pointers must stay valid until the callback; of
 * tls a reference is taken. */
struct target_place {
	const char *host;
	uint16_t port;
	struct tls_context *tls; /* NULL: plain */
	const char *name;        /* the host that TLS asks for */
	const char *pin;         /* the key that it must have; NULL: known judges */
	/* what the target has shown before; NULL: tls itself verifies */
	struct known_target_keys *known;
	/* Remember what it shows now; words then say what was remembered, and what is now. */
	bool trust;
};

enum { TARGET_DIAL_MS = 10000 };

/* Never NULL. header: sent first, copied; len 0: none. */
struct target_dial *target_dial_start(struct loop *l, const struct target_place *to,
				      const void *header, size_t len, target_dial_fn *fn,
				      void *owner);
/* Called before the callback only; the callback does not come then. NULL does nothing. */
void target_dial_close(struct target_dial *d);

#endif
