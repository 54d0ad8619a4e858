/* One way to the relay in the making: lookup, TCP, TLS, and then silence, until somebody says HELLO
 * on it. */
#ifndef GROUNDNUT_AGENT_APPROACH_H
#define GROUNDNUT_AGENT_APPROACH_H

#include "shared/net/dial.h"

struct approach;
/* Once: io is up with TLS and the callee's (io_own() it), or NULL, err and detail (words beyond
 * err_text(), may be "") say why. The approach is gone after. */
typedef void approach_fn(void *owner, struct approach *a, struct io *io, int err,
			 const char *detail);

enum { APPROACH_TIMEOUT_MS = 5000 };

/* What relay and known point to is copied. maxseg: as for dial_start_small(). */
struct approach *approach_start(struct loop *l, const struct endpoint *relay,
				struct tls_context *tls, const struct addr *known,
				size_t known_count, unsigned maxseg, approach_fn *fn, void *owner);
void approach_close(struct approach *a);

#endif
