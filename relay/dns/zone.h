/*
 * What the embedded authority answers from: names, each with addresses and texts that change and
 * records that the operator wrote. A table in memory, pure, that keeps the names between a name and
 * the apex alive as empty ones while something is below them.
 */
#ifndef GROUNDNUT_RELAY_DNS_ZONE_H
#define GROUNDNUT_RELAY_DNS_ZONE_H

#include "relay/dns/dns_packet.h"

struct zone;
struct zone_node;

enum { ZONE_TTL = 60, ZONE_NEGATIVE_TTL = 30, ZONE_NS_TTL = 3600 };

/* nameservers: full names, at least one, NULL behind the last. NULL when domain or one of them
 * is no host name. */
struct zone *zone_new(const char *domain, const char *const *nameservers);
void zone_free(struct zone *z);

const struct dns_name *zone_apex(const struct zone *z);
uint32_t zone_serial(const struct zone *z);
void zone_set_serial(struct zone *z, uint32_t serial);

/* The addresses (all of one family, 4 or 6) that a name has from now on; count 0: none. Names
 * outside are ignored. */
void zone_set_addresses(struct zone *z, const struct dns_name *name, uint8_t family,
			const struct addr *list, size_t count);
/* The TXT records that a name has from now on beside the operator's; takes over each of the
 * list. */
void zone_set_texts(struct zone *z, const struct dns_name *name, struct dns_record *const *list,
		    size_t count);
/* Takes the record over. The operator's A or AAAA hides the ones above; CNAME beside others is
 * ERR_SYNTAX, a name outside ERR_RANGE (the record is then freed). */
int zone_add_record(struct zone *z, const struct dns_name *name, struct dns_record *r);

/* ZONE_NODE: also by wildcard, also an empty one */
enum zone_found { ZONE_OUTSIDE, ZONE_NONE, ZONE_NODE };
enum zone_found zone_find(const struct zone *z, const struct dns_name *name,
			  const struct zone_node **out);

/* Addresses of a node as raw bytes, 4 or 16 each; NULL and 0 when it has none. */
const uint8_t *zone_addresses(const struct zone_node *n, uint8_t family, size_t *count);
/* The first record of the node with this type from i on (0 at first); *i is moved past it. NULL: no
 * more. */
const struct dns_record *zone_record(const struct zone_node *n, unsigned type, size_t *i);
const struct dns_record *zone_soa(const struct zone *z);
size_t zone_count(const struct zone *z); /* nodes, empty ones too */

#endif
