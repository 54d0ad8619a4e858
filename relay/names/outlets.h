/*
 * Where names are brought out: the zone of the embedded authority, when there is a `serve`, and the
 * publishers. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_OUTLETS_H
#define GROUNDNUT_RELAY_NAMES_OUTLETS_H

#include "relay/names/ledger.h"
#include "relay/names/names_config.h"
#include "relay/names/zone.h"
#include "shared/base/json.h"

struct outlets;

struct outlets_config {
	const char *domain;
	const char *host;             /* the relay's own name, or NULL */
	const struct addr *addresses; /* the relay's */
	size_t address_count;
	const struct dns_config_list *dns;
};

struct outlets_owner {
	void (*wanted)(void *owner, const struct entry *e, unsigned which, struct publish_set *out);
	/* Something of the entry has come out somewhere. May let the entry leave. */
	void (*published)(void *owner, struct entry *e);
};

/* Reads and writes the store (blocking). */
struct outlets *outlets_new(struct loop *l, struct store *store, struct ledger *g,
			    const struct outlets_owner *fns, void *owner);
void outlets_free(struct outlets *o); /* every entry has left */

/* Another configuration: first outlets_change, then outlets_carry for each entry there is, then
 * outlets_changed. The zone is empty but for what the operator wrote until outlets_show; serials
 * go on from where they were, also over kill -9. */
void outlets_change(struct outlets *o, const struct outlets_config *config);
void outlets_carry(struct outlets *o, struct entry *e);
void outlets_changed(struct outlets *o);

void outlets_enter(struct outlets *o, struct entry *e);
void outlets_leave(struct outlets *o, struct entry *e);
/* What was published as the store remembers it; false: that publisher is none of these. */
bool outlets_knows(const struct outlets *o, const char *publisher);
void outlets_restore(struct outlets *o, struct entry *e, const struct store_published *row);

/* Names that the relay itself needs: the domain, its name servers, its host. Nobody else's. */
bool outlets_is_reserved(const struct outlets *o, const char *name);
/* in the zone, at once */
void outlets_show(struct outlets *o, const struct entry *e, unsigned which,
		  const struct publish_set *set);
/* after outlets_show: the zone has changed, its serial grows */
void outlets_number(struct outlets *o);
void outlets_check(struct outlets *o, struct entry *e); /* at the publishers, by and by */
/* nothing of it is or may be at a publisher */
bool outlets_is_settled(const struct outlets *o, const struct entry *e);
/* puts into the ledger what is not an entry's */
void outlets_repeat(struct outlets *o);

/* NULL without a `serve`; another one after outlets_change */
const struct zone *outlets_zone(const struct outlets *o);
/* what the world sees, or NULL */
const char *outlets_value(const struct outlets *o, const struct entry *e, unsigned which);
/* "published": […] */
void outlets_status(const struct outlets *o, const struct entry *e, unsigned which, struct json *w);

#endif
