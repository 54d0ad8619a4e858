/*
 * Which door serves which host on the shared http and tls ports, over all loops. A mutex guards it;
 * it is taken when mappings come and go, and once for each visitor (or request to another host than
 * the one before), never for bytes.
 *
 * Hosts are full names, "blog.alice.home.example.com", or wildcards, "*.alice.home.example.com",
 * which stand for every name below, at any depth, but not for the name itself, nor for what is the
 * relay's own or another account's.
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

/* Main loop: a visitor for the door. gateway: of an http visitor, else NULL. It takes both. */
typedef void vhost_deliver_fn(const struct vhost *to, struct io_parcel *parcel,
			      struct http_gateway *gateway);
struct vhost {
	struct worker *worker;
	vhost_deliver_fn *deliver;
	uint64_t claim; /* a number that is given once; never 0 */
	/* http only: no door, plain requests are sent to https at this port; 0: a door */
	uint16_t redirect;
};
/* Where a visitor has come in. */
struct vhost_entrance {
	enum mapping_entrance shared; /* one of the shared ones */
	uint16_t port;                /* tls on a port of its own; 0: on the shared one */
};

struct vhost_table *vhost_table_new(void);
void vhost_table_free(struct vhost_table *v);

/* host: a full name or wildcard. owner: "alice/nas". 0, and door->claim is set; or negative with
 * *why (freed by the caller), UV_EADDRINUSE with *holder in its place: whose it is. Doors and
 * redirects are not in each other's way. */
int vhost_table_claim(struct vhost_table *v, struct vhost_entrance at, const char *host,
		      const char *owner, struct vhost *door, char **holder, char **why);
/* Does nothing when another has claimed the host meanwhile. */
void vhost_table_release(struct vhost_table *v, struct vhost_entrance at, const char *host,
			 uint64_t claim);
/* The accounts in force: no wildcard serves a host that its account may not have. Before the first
 * list each does. Keeps a reference. */
void vhost_table_set_accounts(struct vhost_table *v, struct accounts *accounts);
/* For a visitor's host: the exact name wins, then the longest wildcard; for one name a door before
 * a redirect. */
bool vhost_table_find(struct vhost_table *v, struct vhost_entrance at, const char *host,
		      struct vhost *out);
/* Notes why the shared port is not open; NULL: it is. detail: the same for the operator; NULL:
 * nothing more. True: this has changed. */
bool vhost_table_set_closed(struct vhost_table *v, enum mapping_entrance entrance,
			    const char *error, const char *detail);
/* Freed by the caller. */
char *vhost_table_closed(struct vhost_table *v, enum mapping_entrance entrance, bool for_operator);
/* A number that changes with every claim and release: what was found holds as long as it stays. Any
 * thread, no lock. */
uint64_t vhost_table_version(struct vhost_table *v);

#endif
