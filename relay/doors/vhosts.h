/*
 * Which home serves which host on the shared http and tls ports, over all loops: like the ports,
 * behind a mutex that is touched when mappings come and go, and once for each visitor (or request
 * to another host than the one before), never for bytes.
 */
#ifndef GROUNDNUT_RELAY_DOORS_VHOSTS_H
#define GROUNDNUT_RELAY_DOORS_VHOSTS_H

#include "shared/tunnel/mapping.h"

struct home;
struct vhosts;

/* Who has a host. The home may be spoken to by the main loop only, and by its own: nobody else
 * knows how long it lives. */
struct vhost {
	struct home *home;
	uint64_t claim; /* a number that is given once; never 0 */
};

struct vhosts *vhosts_new(void);
void vhosts_free(struct vhosts *v);

/* protocol: MAPPING_HTTP or MAPPING_TLS. host: a full name or wildcard. 0 and *claim; or
 * negative and *why (freed by the caller): who has it ("alice/nas"), or that it is no host name. */
int vhosts_claim(struct vhosts *v, enum mapping_protocol protocol, const char *host,
		 struct home *home, const char *owner, uint64_t *claim, char **why);
void vhosts_release(struct vhosts *v, enum mapping_protocol protocol, const char *host,
		    uint64_t claim);
/* For a visitor's host: the exact name wins, then the longest wildcard. */
bool vhosts_find(struct vhosts *v, enum mapping_protocol protocol, const char *host,
		 struct vhost *out);
/* Moves with every claim and release: what was found holds for as long as this stays. Any thread,
 * no lock. */
uint64_t vhosts_version(struct vhosts *v);

#endif
