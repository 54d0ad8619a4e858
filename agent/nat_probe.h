/*
 * Finds the facts that nat.h judges: this machine's addresses, and who answers on the first hops of
 * the way to the relay. The hops are asked by UDP with TTL 1 to 4; no privilege is needed, since
 * Linux keeps the routers' ICMP answers on the socket's error queue. Elsewhere no hop is known.
 */
#ifndef GROUNDNUT_AGENT_NAT_PROBE_H
#define GROUNDNUT_AGENT_NAT_PROBE_H

#include "agent/nat.h"
#include "shared/net/loop.h"

enum { NAT_PROBE_WAIT_MS = 1200 };

struct nat_probe;
typedef void nat_probe_fn(void *owner, const struct nat_facts *facts);

/* Asks the hops towards the relay, and the first one towards seen (NULL: not known), both v4; a
 * leaf. fn comes once, after at most NAT_PROBE_WAIT_MS, with all of the facts; the probe is then
 * gone by itself. A relay reached over v6 cannot be asked so: fn comes with no hops. */
struct nat_probe *nat_probe_start(struct loop *l, const struct addr *relay, const struct addr *seen,
				  nat_probe_fn *fn, void *owner);
void nat_probe_close(struct nat_probe *p); /* before its callback: it never comes */

#endif
