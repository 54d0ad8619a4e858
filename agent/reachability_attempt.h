/*
 * One attempt at the public side of a mapping: connect, say what a probe says, and see whether the
 * relay's proof comes back. A leaf.
 */
#ifndef GROUNDNUT_AGENT_REACHABILITY_ATTEMPT_H
#define GROUNDNUT_AGENT_REACHABILITY_ATTEMPT_H

#include "shared/net/loop.h"
#include "shared/tunnel/mapping.h"
#include "shared/tunnel/probe.h"

enum { REACHABILITY_ATTEMPT_MS = 3000 };

struct reachability_attempt;
enum reachability_attempt_result {
	REACHABILITY_ATTEMPT_PROVEN,
	REACHABILITY_ATTEMPT_SILENT, /* no connection came about; of udp: no answer */
	REACHABILITY_ATTEMPT_CUT,    /* one did, and what was said brought no proof */
};
/* Once, after at most REACHABILITY_ATTEMPT_MS; it is gone by itself then. */
typedef void reachability_attempt_fn(void *owner, enum reachability_attempt_result result);

/* host: of http and tls, a full name. What is waited for is proof. */
struct reachability_attempt *reachability_attempt_try(struct loop *l,
						      enum mapping_protocol protocol,
						      const struct addr *at, const char *host,
						      const uint8_t nonce[PROBE_NONCE],
						      const uint8_t proof[PROBE_PROOF],
						      reachability_attempt_fn *fn, void *owner);
/* NULL does nothing; its callback never comes */
void reachability_attempt_close(struct reachability_attempt *p);

#endif
