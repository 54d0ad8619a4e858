/* The kind `serve`: what relay.json says of the relay's own DNS server, and the zone made of it. */
#ifndef GROUNDNUT_RELAY_PROVIDERS_DNS_SERVER_CONFIG_H
#define GROUNDNUT_RELAY_PROVIDERS_DNS_SERVER_CONFIG_H

#include "relay/providers/publisher_kind.h"
#include "relay/dns/zone.h"

enum { DNS_SERVER_RATE = 200 };

struct dns_server_record {
	char *name;        /* full name, lower case; may begin with "*." */
	char *type, *text; /* the library has taken them already */
	uint32_t ttl;
};

struct dns_server_config {
	char **nameservers; /* full names, NULL behind the last; "ns1." and the domain at least */
	/* count 0: port 53 of every address of the machine that is not loopback */
	struct addr *listen;
	size_t listen_count;
	struct dns_server_record *records;
	size_t record_count;
	uint32_t rate; /* answers a second to one source prefix; 0: no limit */
};

/* The zone of domain with the operator's records in it. */
struct zone *dns_server_config_zone(const struct dns_server_config *s, const char *domain);

#endif
