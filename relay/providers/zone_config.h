/* The kind `serve`: the settings of the relay's own DNS server in relay.json, and its zone. */
#ifndef GROUNDNUT_RELAY_PROVIDERS_ZONE_CONFIG_H
#define GROUNDNUT_RELAY_PROVIDERS_ZONE_CONFIG_H

#include "relay/providers/publisher_kind.h"
#include "relay/dns/zone.h"

enum { DNS_SERVER_RATE = 200 };

struct dns_server_record {
	char *name;        /* full name, lower case; may begin with "*." */
	char *type, *text; /* dns_record_parse() has accepted them */
	uint32_t ttl;
};

struct zone_config {
	char **nameservers; /* full names, then NULL; without any in relay.json "ns1." + domain */
	/* count 0: port 53 of each address of the machine that is not loopback */
	struct addr *listen;
	size_t listen_count;
	struct dns_server_record *records;
	size_t record_count;
	uint32_t rate; /* answers a second to one source prefix; 0: no limit */
};

/* Makes the zone of the domain with the operator's records; the caller frees it. */
struct zone *zone_config_zone(const struct zone_config *s, const char *domain);

#endif
