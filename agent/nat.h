/*
 * Whether the outside can reach this home at all: the first hops of the way to the relay are asked by UDP with TTL 1 to 4 (no privilege
 * needed: the kernel keeps the routers' ICMP answers on the socket's error queue), and the verdict is drawn from them.
 */
#ifndef GROUNDNUT_AGENT_NAT_H
#define GROUNDNUT_AGENT_NAT_H

#include "shared/base/addr.h"
#include "shared/net/loop.h"

enum { NAT_HOPS = 4, NAT_OWN = 32, NAT_WAIT_MS = 1200 };

enum nat_verdict { NAT_UNKNOWN, NAT_PUBLIC, NAT_CGNAT };
const char *nat_text(enum nat_verdict v);   /* "unknown" "public" "cgnat" */

/* What is known. Pure input of nat_judge. */
struct nat_facts {
	struct addr own[NAT_OWN];    /* v4 addresses of this machine's interfaces, loopback left out */
	uint8_t own_bits[NAT_OWN];   /* length of each one's network */
	size_t own_count;
	struct addr hops[NAT_HOPS];  /* who answered at TTL 1 to 4; family 0: nobody */
	struct addr seen;            /* this home's address as the relay sees it; family 0: not known */
	bool asked_seen;             /* a datagram with TTL 1 was sent towards it */
	struct addr before_seen;     /* the router that would have had to pass it on; family 0: nobody said so */
};
enum nat_verdict nat_judge(const struct nat_facts *f);
/* One sentence of advice for the status; never NULL. */
const char *nat_advice(enum nat_verdict v);

/* Looks at the interfaces (facts->own). */
void nat_find_own(struct nat_facts *f);

/* Asks the hops towards the relay, and the first one towards seen (NULL: not known), both v4; a leaf. fn comes once, after at most
 * NAT_WAIT_MS, with all of the facts; the probe is then gone by itself. A relay reached over v6 cannot be asked so: fn comes with no hops. */
struct nat_probe;
typedef void nat_fn(void *owner, const struct nat_facts *facts);
struct nat_probe *nat_probe_start(struct loop *l, const struct addr *relay, const struct addr *seen, nat_fn *fn, void *owner);
void nat_probe_close(struct nat_probe *p); /* before its callback: it never comes */

#endif
