/*
 * An address of the carriers' block, here or on the way, is carrier-grade NAT. So is a second
 * private network: beyond the home's own router (a private hop) there is another private one that
 * is not of the same network. But carriers number their inner routers privately too, in front of
 * homes with public addresses; so the first hop is asked whose the relay-seen address is: a
 * datagram to it with TTL 1 comes back from a router that would pass it on, and not from one that
 * has the address itself. The relay-seen address on an interface of this machine is public.
 * Everything else, also a way that tells nothing, is unknown.
 */
#include "agent/nat.h"

const char *nat_text(enum nat_verdict v)
{
	static const char *const texts[] = {
	    [NAT_UNKNOWN] = "unknown", [NAT_PUBLIC] = "public", [NAT_CGNAT] = "cgnat"};
	return texts[v];
}

const char *nat_advice(enum nat_verdict v)
{
	switch (v) {
	case NAT_PUBLIC:
		return "This machine has the public address itself: names that follow the home "
		       "lead straight to it.";
	case NAT_CGNAT:
		return "This home is behind its carrier's NAT and cannot be reached from outside, "
		       "so names that follow the home keep the relay's IPv4 address.";
	default:
		return "Whether this home can be reached directly is not known; names that follow "
		       "the home lead to its router, which must forward the ports.";
	}
}

static bool same_network(const struct addr *a, const struct addr *b, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++)
		if ((a->ip[i / 8] ^ b->ip[i / 8]) & 0x80 >> i % 8)
			return false;
	return true;
}

static bool is_at_home(const struct nat_facts *f, const struct addr *a)
{
	for (size_t i = 0; i < f->own_count; i++)
		if (f->own[i].family == a->family && same_network(&f->own[i], a, f->own_bits[i]))
			return true;
	return false;
}

enum nat_verdict nat_judge(const struct nat_facts *f)
{
	/* A relay in the same private network, or behind the same carrier, sees this machine's own
	 * address, which is not public. */
	bool outside = f->seen.family && !addr_is_private(&f->seen) && !addr_is_carrier(&f->seen);
	for (size_t i = 0; outside && i < f->own_count; i++)
		if (addr_equal_ip(&f->own[i], &f->seen))
			return NAT_PUBLIC;
	for (size_t i = 0; i < f->own_count; i++)
		if (addr_is_carrier(&f->own[i]))
			return NAT_CGNAT;
	for (size_t i = 0; i < NAT_HOPS; i++)
		if (addr_is_carrier(&f->hops[i]))
			return NAT_CGNAT;
	/* The home's router answers for the others but keeps what is sent to the seen address: so
	 * that address is its own. */
	if (f->asked_seen && f->hops[0].family && !f->before_seen.family)
		return NAT_UNKNOWN;
	/* The first hop is the home's own router, whatever its address; a private one behind it is
	 * another's. */
	for (size_t i = 1; i < NAT_HOPS; i++)
		if (f->hops[i].family == 4 && addr_is_private(&f->hops[i]) &&
		    !is_at_home(f, &f->hops[i]) && !addr_equal_ip(&f->hops[i], &f->hops[0]))
			return NAT_CGNAT;
	return NAT_UNKNOWN;
}
