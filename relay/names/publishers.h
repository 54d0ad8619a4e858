/*
 * All publishers of the relay: `dns` of relay.json, read by the table of kinds; the zone of the DNS
 * server when there is a `serve`; and a queue for each other publisher. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_PUBLISHERS_H
#define GROUNDNUT_RELAY_NAMES_PUBLISHERS_H

#include "relay/names/publish_queue.h"
#include "relay/providers/zone_config.h"

struct publishers_config {
	struct publisher_config *items;
	size_t count;
};

/* Reads the value of "dns"; when it is absent, out is empty. At most one may be `serve`. False:
 * errors are in the conf, and out needs no fini. */
bool publishers_config_read(struct conf_at list, const struct publisher_place *place,
			    struct publishers_config *out);
void publishers_config_fini(struct publishers_config *c);
/* The settings of `serve`; NULL: there is none. */
const struct zone_config *publishers_config_dns_server(const struct publishers_config *c);

struct publishers;

/* Reads and writes the store (blocking). */
struct publishers *publishers_new(struct loop *l, struct store *store, struct write_batch *batch,
				  const struct publish_queue_owner *fns, void *owner);
void publishers_free(struct publishers *p);

struct publishers_setup {
	const char *domain;
	const char *host;                    /* the relay's own name, or NULL */
	const struct publish_set *addresses; /* the relay's addresses, by type */
	const struct publishers_config *dns; /* borrowed until the next setup */
};
/* Puts another setup in force: the publishers begin anew, and the zone holds only the records of
 * the relay and the operator. publishers_show() and publishers_check_all() must follow. Serials
 * always grow, also over kill -9. */
void publishers_change(struct publishers *p, const struct publishers_setup *setup);
/* Takes a row of the store for the publisher that it belongs to, if there is one. */
void publishers_restore(struct publishers *p, const struct store_published *row);

/* Sets records in the zone, at once. */
void publishers_show(struct publishers *p, const char *name, enum publish_type type,
		     const struct publish_set *set);
/* Called after publishers_show(): the serial of the zone grows. */
void publishers_number(struct publishers *p);
/* Has the publishers check a name; they publish it as soon as they can. */
void publishers_check(struct publishers *p, const char *name);
void publishers_check_all(struct publishers *p); /* the same for all names that they know */
/* Puts into the batch what belongs to no single name. */
void publishers_repeat(struct publishers *p);

/* Counts the publishers that can carry TXT by their state with a value. */
void publishers_progress(const struct publishers *p, const char *name, const char *value,
			 struct publish_progress *out);
/* The zone; NULL: there is no `serve`. publishers_change() replaces it. */
const struct zone *publishers_zone(const struct publishers *p);
/* The published value of a name, or NULL. wanted: the wanted value. */
const char *publishers_value(const struct publishers *p, const char *name, enum publish_type type,
			     const char *wanted);
/* Writes the member "published". since_ms: when the wanted value last changed. */
void publishers_status(const struct publishers *p, const char *name, enum publish_type type,
		       const char *wanted, uint64_t since_ms, struct json *w);

#endif
