/*
 * Which home serves which host on the shared http and tls ports, over all loops: like the ports,
 * behind a mutex that is touched when mappings come and go, and once for each visitor (or request
 * to another host than the one before), never for bytes.
 */
#ifndef GROUNDNUT_RELAY_DOORS_VHOST_TABLE_H
#define GROUNDNUT_RELAY_DOORS_VHOST_TABLE_H

#include "shared/tunnel/mapping.h"

struct agent;
struct vhost_table;

/* Who has a host. The home may be spoken to by the main loop only, and by its own: nobody else
 * knows how long it lives. */
struct vhost {
	struct agent *home;
	uint64_t claim; /* a number that is given once; never 0 */
};

struct vhost_table *vhost_table_new(void);
void vhost_table_free(struct vhost_table *v);

/* protocol: MAPPING_HTTP or MAPPING_TLS. host: a full name or wildcard. 0 and *claim; or
 * negative and *why (freed by the caller): who has it ("alice/nas"), or that it is no host name. */
int vhost_table_claim(struct vhost_table *v, enum mapping_protocol protocol, const char *host,
		      struct agent *home, const char *owner, uint64_t *claim, char **why);
void vhost_table_release(struct vhost_table *v, enum mapping_protocol protocol, const char *host,
			 uint64_t claim);
/* For a visitor's host: the exact name wins, then the longest wildcard. */
bool vhost_table_find(struct vhost_table *v, enum mapping_protocol protocol, const char *host,
		      struct vhost *out);
/* Moves with every claim and release: what was found holds for as long as this stays. Any thread,
 * no lock. */
uint64_t vhost_table_version(struct vhost_table *v);

#endif
