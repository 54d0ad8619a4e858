/*
 * One attempt at the public side of a mapping: connect, say what a probe says, and see whether the
 * relay's proof comes back. A leaf.
 */
#ifndef GROUNDNUT_AGENT_PUBLIC_SIDE_H
#define GROUNDNUT_AGENT_PUBLIC_SIDE_H

#include "shared/net/loop.h"
#include "shared/tunnel/mapping.h"
#include "shared/tunnel/probe.h"

enum { PUBLIC_SIDE_MS = 3000 };

struct public_side;
enum public_side_result {
	PUBLIC_SIDE_PROVEN,
	PUBLIC_SIDE_SILENT, /* no connection came about; of udp: no answer */
	PUBLIC_SIDE_CUT,    /* one did, and what was said brought no proof */
};
/* Once, after at most PUBLIC_SIDE_MS; it is gone by itself then. */
typedef void public_side_fn(void *owner, enum public_side_result result);

/* host: of http and tls, a full name. What is waited for is proof. */
struct public_side *public_side_try(struct loop *l, enum mapping_protocol protocol,
				    const struct addr *at, const char *host,
				    const uint8_t nonce[PROBE_NONCE],
				    const uint8_t proof[PROBE_PROOF], public_side_fn *fn,
				    void *owner);
void public_side_close(struct public_side *p); /* NULL does nothing; its callback never comes */

#endif
