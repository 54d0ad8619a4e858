/*
 * The ways to the relay in the making: a few side by side, each an approach of its own. The first
 * that is up is told of; what becomes of the others is the owner's to say.
 */
#ifndef GROUNDNUT_AGENT_RELAY_DIALER_H
#define GROUNDNUT_AGENT_RELAY_DIALER_H

#include "shared/net/dial.h"

enum { RELAY_DIALER_MOST = 3, RELAY_DIALER_KNOWN = 4 };

struct relay_dialer;
/* One way has ended: io is up with TLS and the callee's, or NULL, and err and detail say why (as of
 * relay_connection_fn). */
typedef void relay_dialer_fn(void *owner, struct io *io, int err, const char *detail);

struct relay_dialer *relay_dialer_new(struct loop *l, relay_dialer_fn *fn, void *owner);
void relay_dialer_free(struct relay_dialer *w);
/* One more, in a free place or, if it must be, in that of the oldest; else none. maxseg: as for
 * dial_start_small(). */
void relay_dialer_start(struct relay_dialer *w, const struct endpoint *relay,
			struct tls_context *tls, unsigned maxseg, bool must);
void relay_dialer_close(struct relay_dialer *w); /* all of them; fn is not called */
bool relay_dialer_has_any(const struct relay_dialer *w);
/* The relay answered there: the next ways go there without waiting for a lookup.
 * RELAY_DIALER_KNOWN are remembered. */
void relay_dialer_remember(struct relay_dialer *w, const struct addr *at);
void relay_dialer_forget(struct relay_dialer *w);

#endif
