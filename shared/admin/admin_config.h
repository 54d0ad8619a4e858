/* The block `admin` of relay.json and agent.json, as far as both have it. */
#ifndef GROUNDNUT_ADMIN_ADMIN_CONFIG_H
#define GROUNDNUT_ADMIN_ADMIN_CONFIG_H

#include "shared/base/addr.h"
#include "shared/base/conf.h"
#include "shared/http/forwarded.h"

struct admin_config {
	bool on;
	char *file; /* admin.json, also where the listener is off */
	struct addr *listen;
	size_t listen_count;
	char **hosts; /* further names that it answers to */
	size_t host_count;
	struct forwarded_trust trust;
	char *metrics_token_file; /* absolute path, or NULL */
};

/* Reads `hosts` of the block. */
void admin_config_read_hosts(struct conf_at at, struct admin_config *out);
void admin_config_fini(struct admin_config *c);
/* What a link begins with: the first address, or, where that stands for all, this one (NULL: it is
 * not known), and https:// but on loopback; freed by the caller. */
char *admin_config_origin(const struct admin_config *c, const struct addr *address);

#endif
