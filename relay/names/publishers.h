/*
 * Where names are brought out: the zone of the embedded authority, when there is a `serve`, and the
 * publishers. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_PUBLISHERS_H
#define GROUNDNUT_RELAY_NAMES_PUBLISHERS_H

#include "relay/names/write_batch.h"
#include "relay/names/names_config.h"
#include "relay/names/zone.h"
#include "shared/base/json.h"

struct publishers;

struct publishers_config {
	const char *domain;
	const char *host;             /* the relay's own name, or NULL */
	const struct addr *addresses; /* the relay's */
	size_t address_count;
	const struct dns_config_list *dns;
};

struct publishers_owner {
	void (*wanted)(void *owner, const struct name_entry *e, unsigned which,
		       struct publish_set *out);
	/* Something of the entry has come out somewhere. May let the entry leave. */
	void (*published)(void *owner, struct name_entry *e);
};

/* Reads and writes the store (blocking). */
struct publishers *publishers_new(struct loop *l, struct store *store, struct write_batch *g,
				  const struct publishers_owner *fns, void *owner);
void publishers_free(struct publishers *o); /* every entry has left */

/* Another configuration: first publishers_change, then publishers_carry for each entry there is,
 * then publishers_changed. The zone is empty but for what the operator wrote until
 * publishers_show; serials go on from where they were, also over kill -9. */
void publishers_change(struct publishers *o, const struct publishers_config *config);
void publishers_carry(struct publishers *o, struct name_entry *e);
void publishers_changed(struct publishers *o);

void publishers_enter(struct publishers *o, struct name_entry *e);
void publishers_leave(struct publishers *o, struct name_entry *e);
/* What was published as the store remembers it; false: that publisher is none of these. */
bool publishers_knows(const struct publishers *o, const char *publisher);
void publishers_restore(struct publishers *o, struct name_entry *e,
			const struct store_published *row);

/* Names that the relay itself needs: the domain, its name servers, its host. Nobody else's. */
bool publishers_is_reserved(const struct publishers *o, const char *name);
/* in the zone, at once */
void publishers_show(struct publishers *o, const struct name_entry *e, unsigned which,
		     const struct publish_set *set);
/* after publishers_show: the zone has changed, its serial grows */
void publishers_number(struct publishers *o);
/* at the publishers, by and by */
void publishers_check(struct publishers *o, struct name_entry *e);
/* nothing of it is or may be at a publisher */
bool publishers_is_settled(const struct publishers *o, const struct name_entry *e);
/* puts into the ledger what is not an entry's */
void publishers_repeat(struct publishers *o);

/* NULL without a `serve`; another one after publishers_change */
const struct zone *publishers_zone(const struct publishers *o);
/* what the world sees, or NULL */
const char *publishers_value(const struct publishers *o, const struct name_entry *e,
			     unsigned which);
/* "published": […] */
void publishers_status(const struct publishers *o, const struct name_entry *e, unsigned which,
		       struct json *w);

#endif
