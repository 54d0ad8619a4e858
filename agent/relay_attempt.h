/* One attempt to connect to the relay: lookup, TCP, TLS. It says nothing to the relay; its owner
 * says HELLO. */
#ifndef GROUNDNUT_AGENT_RELAY_ATTEMPT_H
#define GROUNDNUT_AGENT_RELAY_ATTEMPT_H

#include "shared/net/dial.h"

struct relay_attempt;
/* Called once. io is up with TLS and belongs to the callee (io_own() it); or it is NULL, and err
 * and detail (words beyond err_text(), may be "") say why. The attempt is freed by then. */
typedef void relay_attempt_fn(void *owner, struct relay_attempt *a, struct io *io, int err,
			      const char *detail);

enum { RELAY_ATTEMPT_TIMEOUT_MS = 5000 };

/* What relay and known point to is copied. maxseg is as for dial_start_small(). */
struct relay_attempt *relay_attempt_start(struct loop *l, const struct endpoint *relay,
					  struct tls_context *tls, const struct addr *known,
					  size_t known_count, unsigned maxseg, relay_attempt_fn *fn,
					  void *owner);
void relay_attempt_close(struct relay_attempt *a);

#endif
