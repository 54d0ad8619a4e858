/*
 * The whole room as one thing for the runtime: the model of names, the sockets of the embedded
 * authority, the update doors. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_NAMES_SERVICE_H
#define GROUNDNUT_RELAY_NAMES_NAMES_SERVICE_H

#include "relay/config.h"
#include "relay/names/names.h"

struct names_service;

/* The configuration is read during the call only, here and in names_service_reload. */
struct names_service *names_service_start(struct loop *l, struct store *store,
					  const struct relay_config *config,
					  struct accounts *accounts);
/* Sockets of DNS that stay in the configuration stay open; what the doors have learned of guessers,
 * and the requests in their hands, stay. */
void names_service_reload(struct names_service *s, const struct relay_config *config);
void names_service_set_accounts(struct names_service *s, struct accounts *accounts);
struct names *names_service_names(struct names_service *s);
/* A connection of the `http` doors whose Host is the relay's own; without an `update` block it is
 * closed. */
void names_service_take_http(struct names_service *s, int fd, const struct addr *peer,
			     const void *early, size_t early_len);
/* listener_fn of the doors' own listeners; owner is the service. Without an `update` block they
 * close what comes. */
void names_service_accept_http(void *owner, int fd, const struct addr *peer,
			       const struct addr *local);
void names_service_accept_https(void *owner, int fd, const struct addr *peer,
				const struct addr *local);
void names_service_stop(struct names_service *s);

#endif
