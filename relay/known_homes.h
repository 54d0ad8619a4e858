/*
 * The homes that were here before the relay was restarted: one that does not come back is told to
 * those who want alerts, as if it had left when the relay began. Which homes are here, or have left
 * within a day, is kept in the store, at most KNOWN_HOMES_EACH of an account. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_KNOWN_HOMES_H
#define GROUNDNUT_RELAY_KNOWN_HOMES_H

#include "relay/accounts/accounts.h"
#include "relay/store.h"
#include "shared/net/event_hub.h"

enum {
	KNOWN_HOMES_MS = 24 * 60 * 60 * 1000,
	KNOWN_HOMES_EACH = ALERTS_WATCHED_EACH /* nothing would be told of more */
};

struct known_homes;

/* Reads the store, and has events tell of the homes that are not back yet; from then on it hears
 * all events. store and events are borrowed. accounts: homes of others are dropped. */
struct known_homes *known_homes_new(struct store *store, struct event_hub *events,
				    const struct accounts *accounts);
/* What is here stays so in the store. NULL does nothing. */
void known_homes_free(struct known_homes *k);

#endif
