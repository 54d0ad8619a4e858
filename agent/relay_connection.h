/* One connection to the relay: lookup, TCP, TLS. Nothing is said on it; its owner says HELLO. */
#ifndef GROUNDNUT_AGENT_RELAY_CONNECTION_H
#define GROUNDNUT_AGENT_RELAY_CONNECTION_H

#include "shared/net/dial.h"

struct relay_connection;
/* Comes once. io is up with TLS and belongs to the callee (io_own() it); or it is NULL, and err and
 * detail (words beyond err_text(), may be "") say why. The connection object is freed by then. */
typedef void relay_connection_fn(void *owner, struct relay_connection *a, struct io *io, int err,
				 const char *detail);

enum { RELAY_CONNECTION_TIMEOUT_MS = 5000 };

/* What relay and known point to is copied. maxseg: as for dial_start_small(). */
struct relay_connection *relay_connection_start(struct loop *l, const struct endpoint *relay,
						struct tls_context *tls, const struct addr *known,
						size_t known_count, unsigned maxseg,
						relay_connection_fn *fn, void *owner);
void relay_connection_close(struct relay_connection *a);

#endif
