/* Judges whether the outside can reach this home at all, from its addresses and the first hops on
 * the way to the relay. Pure. */
#ifndef GROUNDNUT_AGENT_NAT_H
#define GROUNDNUT_AGENT_NAT_H

#include "shared/base/addr.h"

enum { NAT_HOPS = 4, NAT_OWN = 32 };

enum nat_verdict { NAT_UNKNOWN, NAT_PUBLIC, NAT_CGNAT };
const char *nat_text(enum nat_verdict v); /* "unknown" "public" "cgnat" */

/* The facts that it judges by. */
struct nat_facts {
	/* v4 addresses of this machine's interfaces, loopback left out */
	struct addr own[NAT_OWN];
	uint8_t own_bits[NAT_OWN]; /* length of each one's network */
	size_t own_count;
	struct addr hops[NAT_HOPS]; /* who answered at TTL 1 to 4; family 0: nobody */
	/* this home's address as the relay sees it; family 0: not known */
	struct addr seen;
	bool asked_seen; /* a datagram with TTL 1 was sent towards it */
	/* the router that would have had to pass it on; family 0: nobody said so */
	struct addr before_seen;
};
enum nat_verdict nat_judge(const struct nat_facts *f);
/* One sentence of advice for the status; never NULL. */
const char *nat_advice(enum nat_verdict v);

#endif
