/*
 * Knows which door serves which host on the shared http and tls ports, over all loops. A mutex
 * guards it. The mutex is taken when mappings come and go, and once for each visitor or request to
 * another host than the one before, never for bytes.
 *
 * A host is a full name, "blog.alice.home.example.com", or a wildcard, "*.alice.home.example.com".
 * A wildcard serves each name below, at any depth, but not the name itself, and no name of the
 * relay or of another account.
 */
#ifndef GROUNDNUT_RELAY_DOORS_VHOST_TABLE_H
#define GROUNDNUT_RELAY_DOORS_VHOST_TABLE_H

#include "relay/accounts/accounts.h"
#include "shared/tunnel/mapping.h"

struct http_gateway;
struct io_parcel;
struct vhost;
struct vhost_table;
struct worker;

/* Delivers a visitor to the door; takes both over. gateway: NULL unless it is an http visitor. Main
 * loop. */
typedef void vhost_deliver_fn(const struct vhost *to, struct io_parcel *parcel,
			      struct http_gateway *gateway);
struct vhost {
	struct worker *worker;
	vhost_deliver_fn *deliver;
	uint64_t claim; /* the number of the claim; no other claim has it, and it is never 0 */
	/* http only: this is no door; plain requests are redirected to https at this port. 0: a
	 * door. */
	uint16_t redirect;
};
/* Where a visitor has come in. */
struct vhost_entrance {
	enum mapping_entrance shared; /* one of the shared ports */
	uint16_t port;                /* for tls on a port of its own; 0: the shared port */
};

struct vhost_table *vhost_table_new(void);
void vhost_table_free(struct vhost_table *v);

/* Claims a host. host: a full name or wildcard. owner: "alice/nas". 0: door->claim is set. Else
 * negative, with a text that the caller frees: for UV_EADDRINUSE *holder names the owner, else *why
 * says why. A door and a redirect may have the same host. */
int vhost_table_claim(struct vhost_table *v, struct vhost_entrance at, const char *host,
		      const char *owner, struct vhost *door, char **holder, char **why);
/* Releases a claim. Does nothing when the host has another claim now. */
void vhost_table_release(struct vhost_table *v, struct vhost_entrance at, const char *host,
			 uint64_t claim);
/* Sets the accounts in force; keeps a reference. A wildcard serves no host that its account may not
 * have; before the first list it serves all. */
void vhost_table_set_accounts(struct vhost_table *v, struct accounts *accounts);
/* Finds the door or redirect for a visitor's host. The exact name wins, then the longest wildcard;
 * for the same name a door wins over a redirect. */
bool vhost_table_find(struct vhost_table *v, struct vhost_entrance at, const char *host,
		      struct vhost *out);
/* Notes why the shared port is not open; error NULL: it is open. detail: the same for the operator;
 * NULL: no more. True: this has changed. */
bool vhost_table_set_closed(struct vhost_table *v, enum mapping_entrance entrance,
			    const char *error, const char *detail);
/* Returns why the shared port is not open; the caller frees it. NULL: it is open. */
char *vhost_table_closed(struct vhost_table *v, enum mapping_entrance entrance, bool for_operator);
/* Returns a number that changes with each claim and release. What was found is valid while it stays
 * the same. Any thread; takes no lock. */
uint64_t vhost_table_version(struct vhost_table *v);

#endif
