/* The kind `serve`: what relay.json says of the relay's own DNS server, and the zone made of it. */
#ifndef GROUNDNUT_RELAY_NAMES_SERVE_H
#define GROUNDNUT_RELAY_NAMES_SERVE_H

#include "relay/names/publisher.h"
#include "relay/names/zone.h"

enum { SERVE_RATE = 200 };

struct serve_record {
	char *name;        /* full name, lower case; may begin with "*." */
	char *type, *text; /* the library has taken them already */
	uint32_t ttl;
};

struct serve_settings {
	char **nameservers; /* full names, NULL behind the last; "ns1." and the domain at least */
	/* count 0: port 53 of every address of the machine that is not loopback */
	struct addr *listen;
	size_t listen_count;
	struct serve_record *records;
	size_t record_count;
	uint32_t rate; /* answers a second to one source prefix; 0: no limit */
};

/* The zone of domain with the operator's records in it. */
struct zone *serve_zone(const struct serve_settings *s, const char *domain);

#endif
