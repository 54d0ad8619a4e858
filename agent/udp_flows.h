/*
 * Flows at home. A flow joins a datagram stream to a UDP socket of its own toward the service, so
 * that answers find their way back. When the service has several addresses, the flow keeps the one
 * that answers. The relay decides when a flow has been idle for too long. Here a flow ends with its
 * stream, or when the service's address cannot be found.
 */
#ifndef GROUNDNUT_AGENT_UDP_FLOWS_H
#define GROUNDNUT_AGENT_UDP_FLOWS_H

#include "shared/net/splice.h"

struct flow;
/* The flow has ended and is freed after the call. err: why nothing can be sent to the service,
 * or 0. code: the reset code by which the relay has ended it. */
typedef void flow_fn(void *owner, int err, uint32_t code);
/* No address of the service answers. The flow goes on; it must not be cut inside the call. */
typedef void flow_trouble_fn(void *owner, int err);

/* What has gone through, kept by the owner for as long as the flow lives. near is home. */
struct flow_count {
	struct splice_count bytes;
	uint64_t dropped; /* datagrams; but for flow_dropped() of those under way */
};

/* Owns stream. from: the local port wanted, 0: any. first: bytes said to the service before each
 * flow's first datagram (PROXY protocol), may be NULL. count is the owner's. */
struct flow *flow_new(struct transport *k, struct stream *stream, const char *host, uint16_t port,
		      uint16_t from, const void *first, size_t first_len, struct flow_count *count,
		      flow_fn *fn, flow_trouble_fn *trouble, void *owner);
/* Whether a datagram from the visitor is to be kept from the service. */
typedef bool flow_guard_fn(void *owner, const void *p, size_t len);
void flow_set_guard(struct flow *f, flow_guard_fn *guard);
uint64_t flow_dropped(const struct flow *f); /* datagrams that waited for the link in vain */
void flow_cut(struct flow *f, enum reset_code code); /* the owner is not told */

#endif
