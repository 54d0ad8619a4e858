/*
 * One attempt at the public side of a mapping: it connects, sends the bytes of a probe, and waits
 * for the relay's proof. A leaf.
 */
#ifndef GROUNDNUT_AGENT_REACHABILITY_ATTEMPT_H
#define GROUNDNUT_AGENT_REACHABILITY_ATTEMPT_H

#include "shared/net/loop.h"
#include "shared/tunnel/mapping.h"
#include "shared/tunnel/reachability_probe.h"

enum { REACHABILITY_ATTEMPT_MS = 3000 };

struct reachability_attempt;
enum reachability_attempt_result {
	REACHABILITY_ATTEMPT_PROVEN,
	REACHABILITY_ATTEMPT_SILENT, /* no connection; for udp: no proof */
	REACHABILITY_ATTEMPT_CUT,    /* a connection, but no proof */
};
/* Comes once, from the loop, after at most REACHABILITY_ATTEMPT_MS. The attempt is freed then. */
typedef void reachability_attempt_fn(void *owner, enum reachability_attempt_result result);

/* host: the full host for http, https and tls, else NULL. proof: the bytes that it waits for. */
struct reachability_attempt *reachability_attempt_try(struct loop *l,
						      enum mapping_protocol protocol,
						      const struct addr *at, const char *host,
						      const uint8_t nonce[REACHABILITY_PROBE_NONCE],
						      const uint8_t proof[REACHABILITY_PROBE_PROOF],
						      reachability_attempt_fn *fn, void *owner);
/* The callback does not come after this. NULL does nothing. */
void reachability_attempt_close(struct reachability_attempt *p);

#endif
