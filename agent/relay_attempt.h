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

/* Called at most once, before the other: TCP is up, and TLS begins. */
typedef void relay_attempt_accepted_fn(void *owner, struct relay_attempt *a);

enum {
	RELAY_ATTEMPT_DIAL_MS = 5000,
	RELAY_ATTEMPT_TLS_MS = 10000, /* a relay to which thousands come back is slow */
	RELAY_ATTEMPT_QUEUED_MS = 6000,
};

/* What relay and known point to is copied. maxseg is as for dial_start_small(). */
struct relay_attempt *relay_attempt_start(struct loop *l, const struct endpoint *relay,
					  struct tls_context *tls, const struct addr *known,
					  size_t known_count, unsigned maxseg, relay_attempt_fn *fn,
					  void *owner);
void relay_attempt_on_accepted(struct relay_attempt *a, relay_attempt_accepted_fn *fn);
/* Whether nothing but the relay is slow: it has accepted the connection, and the path is whole. */
bool relay_attempt_is_queued(const struct relay_attempt *a);
void relay_attempt_close(struct relay_attempt *a);
/* The same for a connection on which something was said at since_ms: the relay's kernel has
 * acknowledged all of it. Its program is slow then, and one more connection would make it slower.
 * After RELAY_ATTEMPT_QUEUED_MS without an answer it is false: an acknowledgement may be the last
 * thing that came by a path. */
bool relay_attempt_waits_in_queue(int fd, uint64_t since_ms, uint64_t now_ms);

#endif
