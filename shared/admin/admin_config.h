/* The common part of the block `admin` in relay.json and agent.json. */
#ifndef GROUNDNUT_ADMIN_ADMIN_CONFIG_H
#define GROUNDNUT_ADMIN_ADMIN_CONFIG_H

#include "shared/base/addr.h"
#include "shared/base/conf.h"
#include "shared/http/forwarded.h"

struct admin_config {
	bool on;
	char *file; /* the path of admin.json, also when the listener is off */
	struct addr *listen;
	size_t listen_count;
	char **hosts; /* further Host names that the listener answers to */
	size_t host_count;
	struct forwarded_trust trust;
	char *metrics_token_file; /* absolute path, or NULL */
};

/* Reads `hosts` of the block; reports errors in the conf. */
void admin_config_read_hosts(struct conf_at at, struct admin_config *out);
void admin_config_fini(struct admin_config *c);
/* Returns the scheme, address and port with which a link begins; the caller frees it. It takes the
 * first address of listen. When that is the wildcard address, it takes address instead, unless that
 * is NULL. The scheme is http on loopback, else https. */
char *admin_config_origin(const struct admin_config *c, const struct addr *address);
/* Whether the Host is the listener's own. DNS cannot make an address point elsewhere, so a listener
 * on the wildcard address accepts each address. */
bool admin_config_is_own_host(const struct admin_config *c, const char *host);

#endif
