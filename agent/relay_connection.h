/* One way to the relay in the making: lookup, TCP, TLS, and then silence, until somebody says HELLO
 * on it. */
#ifndef GROUNDNUT_AGENT_RELAY_CONNECTION_H
#define GROUNDNUT_AGENT_RELAY_CONNECTION_H

#include "shared/net/dial.h"

struct relay_connection;
/* Once: io is up with TLS and the callee's (io_own() it), or NULL, err and detail (words beyond
 * err_text(), may be "") say why. The approach is gone after. */
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
