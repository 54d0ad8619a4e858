/* RFC 2136 with TSIG: dynamic updates to BIND, Knot or PowerDNS, one in flight, answers
 * verified. */
#ifndef GROUNDNUT_RELAY_NAMES_RFC2136_H
#define GROUNDNUT_RELAY_NAMES_RFC2136_H

#include "relay/names/names_config.h"
#include "relay/names/publisher.h"
#include "shared/net/loop.h"

extern const struct publisher_kind rfc2136_kind;

/* The configuration is copied as far as needed. */
void *rfc2136_new(struct loop *l, const struct rfc2136_config *config, publish_done_fn *done,
		  void *owner);

#endif
