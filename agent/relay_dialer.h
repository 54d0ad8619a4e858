/*
 * Dials the relay. While nothing answers, up to RELAY_DIALER_MOST attempts stand side by side,
 * because a SYN that was sent into a dead path is repeated ever later. When the first of them is
 * accepted, the others are given up; and while the relay is busy with it, no further one begins.
 * Each connection that comes up is handed to the owner.
 */
#ifndef GROUNDNUT_AGENT_RELAY_DIALER_H
#define GROUNDNUT_AGENT_RELAY_DIALER_H

#include "shared/net/dial.h"

enum { RELAY_DIALER_MOST = 3, RELAY_DIALER_KNOWN = 4 };

struct relay_dialer;
/* One connection is up (io, with TLS, belongs to the callee) or has failed (io is NULL; err and
 * detail as in relay_attempt_fn). */
typedef void relay_dialer_fn(void *owner, struct io *io, int err, const char *detail);

struct relay_dialer *relay_dialer_new(struct loop *l, relay_dialer_fn *fn, void *owner);
void relay_dialer_free(struct relay_dialer *w);
/* Begins one more attempt, if there is a free place and the relay is not busy with one. With must
 * it begins in any case, in place of the oldest when none is free. maxseg is as for
 * dial_start_small(). */
void relay_dialer_start(struct relay_dialer *w, const struct endpoint *relay,
			struct tls_context *tls, unsigned maxseg, bool must);
void relay_dialer_close(struct relay_dialer *w); /* Closes all attempts. fn is not called. */
unsigned relay_dialer_count(const struct relay_dialer *w); /* attempts under way */
/* Whether the attempt that failed last had been accepted by the relay. */
bool relay_dialer_was_accepted(const struct relay_dialer *w);
/* The relay answered at this address: the next attempts try it without waiting for a lookup.
 * RELAY_DIALER_KNOWN addresses are remembered. */
void relay_dialer_remember(struct relay_dialer *w, const struct addr *at);
void relay_dialer_forget(struct relay_dialer *w);

#endif
