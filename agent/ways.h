/*
 * The ways to the relay in the making: a few side by side, each an approach of its own. The first
 * that is up is told of; what becomes of the others is the owner's to say.
 */
#ifndef GROUNDNUT_AGENT_WAYS_H
#define GROUNDNUT_AGENT_WAYS_H

#include "shared/net/dial.h"

enum { WAYS_MOST = 3, WAYS_KNOWN = 4 };

struct ways;
/* One way has ended: io is up with TLS and the callee's, or NULL, and err and detail say why (as of
 * approach_fn). */
typedef void ways_fn(void *owner, struct io *io, int err, const char *detail);

struct ways *ways_new(struct loop *l, ways_fn *fn, void *owner);
void ways_free(struct ways *w);
/* One more, in a free place or, if it must be, in that of the oldest; else none. maxseg: as for
 * dial_start_small(). */
void ways_start(struct ways *w, const struct endpoint *relay, struct tls_context *tls,
		unsigned maxseg, bool must);
void ways_close(struct ways *w); /* all of them; fn is not called */
bool ways_has_any(const struct ways *w);
/* The relay answered there: the next ways go there without waiting for a lookup. WAYS_KNOWN are
 * remembered. */
void ways_remember(struct ways *w, const struct addr *at);
void ways_forget(struct ways *w);

#endif
