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

/* certificate, private_key: the relay's own pair, used when the block names none. Listeners that
 * cannot bind are logged and tried again; names is not owned and outlives the door. */
struct update_door *update_door_new(struct loop *l, struct names *names, const char *domain,
				    const struct update_config *config, const char *certificate,
				    const char *private_key);
/* keeps a reference */
void update_door_set_accounts(struct update_door *d, struct accounts *accounts);
/* A connection of the `http` doors that turned out to be meant for here: fd and what was read of
 * it. */
void update_door_take(struct update_door *d, int fd, const struct addr *peer, const void *early,
		      size_t early_len);
/* what it listens on, http first; NULL: no more */
const struct addr *update_door_at(const struct update_door *d, size_t i);
void update_door_close(struct update_door *d);

#endif
