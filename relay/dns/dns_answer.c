#include "relay/dns/dns_answer.h"

enum { ALIASES_MAX = 8, CLASS_IN = 1, HINFO_TTL = 3600 };

/* Adds every record of this type at the node, and returns how many there were. The operator's
 * addresses hide those that follow the home. */
static size_t add_set(struct dns_reply *r, enum dns_section section, const struct dns_name *owner,
		      const struct zone_node *n, unsigned type)
{
	size_t added = 0, i = 0;
	for (const struct dns_record *rec; (rec = zone_record(n, type, &i)); added++)
		dns_reply_add(r, section, owner, rec, dns_record_ttl(rec));
	if (added || (type != DNS_A && type != DNS_AAAA))
		return added;
	size_t size = type == DNS_A ? 4 : 16, count;
	const uint8_t *ip = zone_addresses(n, type == DNS_A ? 4 : 6, &count);
	for (; added < count; added++)
		dns_reply_add_address(r, section, owner, ip + added * size, size, ZONE_TTL);
	return added;
}

/* Adds the addresses of what NS, MX and SRV records name, if they are in our zone. */
static void add_glue(const struct zone *z, struct dns_reply *r, const struct zone_node *n,
		     unsigned type)
{
	const struct dns_record *rec;
	struct dns_name target;
	const struct zone_node *there;
	for (size_t i = 0; (rec = zone_record(n, type, &i));) {
		if (!dns_record_target(rec, &target) || zone_find(z, &target, &there) != ZONE_NODE)
			continue;
		add_set(r, DNS_ADDITIONAL, &target, there, DNS_A);
		add_set(r, DNS_ADDITIONAL, &target, there, DNS_AAAA);
	}
}

static void add_negative(const struct zone *z, struct dns_reply *r)
{
	dns_reply_add(r, DNS_AUTHORITY, zone_apex(z), zone_soa(z), ZONE_NEGATIVE_TTL);
}

static void add_hinfo(struct dns_reply *r, const struct dns_name *owner)
{
	char *why;
	struct dns_record *hinfo =
	    dns_record_parse("HINFO", HINFO_TTL, "\"RFC8482\" \"\"", "invalid", &why);
	if (hinfo)
		dns_reply_add(r, DNS_ANSWER, owner, hinfo, HINFO_TTL);
	dns_record_free(hinfo);
}

/* Fills the reply from one node that is no alias; false when it has nothing of that type. */
static bool add_node(const struct zone *z, struct dns_reply *r, const struct dns_name *owner,
		     const struct dns_name *name, const struct zone_node *n, unsigned type)
{
	if (type == DNS_ANY) {
		add_hinfo(r, owner);
		return true;
	}
	if (type == DNS_SOA && dns_name_equal(name, zone_apex(z))) {
		dns_reply_add(r, DNS_ANSWER, owner, zone_soa(z), ZONE_TTL);
		return true;
	}
	if (add_set(r, DNS_ANSWER, owner, n, type) == 0)
		return false;
	if (type == DNS_NS || type == DNS_MX || type == DNS_SRV)
		add_glue(z, r, n, type);
	return true;
}

/* Follows aliases as long as they stay inside; the first owner is the question's, in its own
 * case. */
static void resolve(const struct zone *z, struct dns_reply *r, const struct dns_question *q)
{
	struct dns_name name = q->name;
	const struct dns_name *owner = NULL;
	const struct dns_record *seen[ALIASES_MAX];
	for (unsigned hops = 0; hops < ALIASES_MAX; hops++) {
		const struct zone_node *n;
		enum zone_found found = zone_find(z, &name, &n);
		if (found == ZONE_OUTSIDE)
			return;
		if (found == ZONE_NONE) {
			dns_reply_set_rcode(r, DNS_NXDOMAIN);
			add_negative(z, r);
			return;
		}
		size_t i = 0;
		const struct dns_record *alias = zone_record(n, DNS_CNAME, &i);
		if (!alias || q->type == DNS_CNAME || q->type == DNS_ANY) {
			if (!add_node(z, r, owner, &name, n, q->type))
				add_negative(z, r);
			return;
		}
		for (unsigned k = 0; k < hops; k++)
			if (seen[k] == alias)
				/* they lead in a circle, and the asker has all of them already */
				return;
		seen[hops] = alias;
		dns_reply_add(r, DNS_ANSWER, owner, alias, dns_record_ttl(alias));
		if (!dns_record_target(alias, &name))
			return;
		owner = &name;
	}
}

static size_t limit_of(const struct dns_question *q, bool tcp)
{
	if (tcp)
		return DNS_PACKET_MAX;
	if (!q->edns || q->udp_size < DNS_UDP_PLAIN)
		return DNS_UDP_PLAIN;
	return q->udp_size < DNS_UDP_EDNS ? q->udp_size : DNS_UDP_EDNS;
}

/* Writes the most common answer straight from the node: addresses that follow the home, where the
 * operator wrote no record. */
static size_t answer_addresses(const struct zone_node *n, const struct dns_question *q,
			       uint8_t *out, size_t limit)
{
	size_t count, i = 0, size = q->type == DNS_A ? 4 : 16;
	const uint8_t *ips = zone_addresses(n, q->type == DNS_A ? 4 : 6, &count);
	if (!count || zone_record(n, q->type, &i))
		return 0;
	i = 0;
	return zone_record(n, DNS_CNAME, &i)
		   ? 0
		   : dns_addresses_write(q, ips, size, count, ZONE_TTL, out, limit);
}

size_t dns_answer(const struct zone *z, const uint8_t *in, size_t len, bool tcp, uint8_t *out)
{
	struct dns_question q;
	int rcode = dns_question_read(in, len, &q);
	if (rcode < 0)
		return 0;
	if (rcode == 0 && q.edns && q.edns_version > 0)
		rcode = DNS_BADVERS;
	const struct zone_node *n = NULL;
	if (rcode == 0 && (q.class != CLASS_IN || q.type == DNS_AXFR || q.type == DNS_IXFR ||
			   zone_find(z, &q.name, &n) == ZONE_OUTSIDE))
		rcode = DNS_REFUSED;
	size_t limit = limit_of(&q, tcp), plain = 0;
	if (rcode == 0 && n && (q.type == DNS_A || q.type == DNS_AAAA))
		plain = answer_addresses(n, &q, out, limit);
	if (plain)
		return plain;
	struct dns_reply *r = dns_reply_new(&q, (enum dns_rcode)rcode, rcode == 0);
	if (rcode == 0)
		resolve(z, r, &q);
	return dns_reply_end(r, out, limit);
}

size_t dns_answer_truncated(const uint8_t *in, size_t len, uint8_t *out)
{
	struct dns_question q;
	if (dns_question_read(in, len, &q) != 0)
		return 0;
	struct dns_reply *r = dns_reply_new(&q, DNS_NOERROR, true);
	dns_reply_set_truncated(r);
	return dns_reply_end(r, out, DNS_UDP_PLAIN);
}
