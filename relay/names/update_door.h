/*
 * The doors for DDNS clients that people already have: routers, cameras, inadyn, ddclient. HTTP and
 * HTTPS, one request a connection. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_UPDATE_DOOR_H
#define GROUNDNUT_RELAY_NAMES_UPDATE_DOOR_H

#include "relay/accounts.h"
#include "relay/names/names.h"
#include "relay/names/names_config.h"

struct update_door;

/* names is not owned and outlives the door. */
struct update_door *update_door_new(struct loop *l, struct names *names, const char *domain);
/* For connections over TLS: taken now, and when the files change; NULL: there are none. A pair that
 * does not fit is logged, and the one before it stays. */
void update_door_set_pair(struct update_door *d, const char *certificate, const char *private_key);
/* keeps a reference */
void update_door_set_accounts(struct update_door *d, struct accounts *accounts);
/* A connection that one of its listeners accepted. */
void update_door_accept(struct update_door *d, int fd, const struct addr *peer, bool tls);
/* One of the shared http ports that turned out to be meant for here: fd and what was read of it. */
void update_door_take(struct update_door *d, int fd, const struct addr *peer, const void *early,
		      size_t early_len);
void update_door_close(struct update_door *d);

#endif
