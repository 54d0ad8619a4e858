/*
 * The whole room as one thing for the runtime: the model of names, the sockets of the embedded
 * authority, the update doors. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_NAMES_SERVICE_H
#define GROUNDNUT_RELAY_NAMES_NAMES_SERVICE_H

#include "relay/names/names.h"
#include "relay/names/names_config.h"

struct names_service;

/* Read during the call only. */
struct names_service_config {
	struct outlets_config names;
	const struct update_config *update;
	/* the relay's own pair, for an update door without one */
	const char *certificate, *private_key;
};

struct names_service *names_service_start(struct loop *l, struct store *store,
					  const struct names_service_config *config,
					  struct accounts *accounts);
/* Sockets that stay in the configuration stay open. */
void names_service_reload(struct names_service *s, const struct names_service_config *config);
void names_service_set_accounts(struct names_service *s, struct accounts *accounts);
struct names *names_service_names(struct names_service *s);
/* A connection of the `http` doors whose Host is the relay's own; without an `update` block it is
 * closed. */
void names_service_take_http(struct names_service *s, int fd, const struct addr *peer,
			     const void *early, size_t early_len);
/* What is bound: "dns" sockets, then "update" ones; NULL: no more. */
const struct addr *names_service_dns_at(const struct names_service *s, size_t i);
const struct addr *names_service_update_at(const struct names_service *s, size_t i);
void names_service_stop(struct names_service *s);

#endif
