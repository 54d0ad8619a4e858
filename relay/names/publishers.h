/*
 * Where names are brought out: `dns` of relay.json read by the table of kinds, the zone of the DNS
 * server when there is a `serve`, and a queue for each other publisher. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_PUBLISHERS_H
#define GROUNDNUT_RELAY_NAMES_PUBLISHERS_H

#include "relay/names/publish_queue.h"
#include "relay/providers/dns_server_config.h"

struct publishers_config {
	struct publisher_config *items;
	size_t count;
};

/* The value of "dns" (absent: an empty list). False when errors were collected; out needs no fini
 * then. At most one serve. */
bool publishers_config_read(struct conf_at list, const struct publisher_place *place,
			    struct publishers_config *out);
void publishers_config_fini(struct publishers_config *c);
/* NULL: there is none */
const struct dns_server_config *publishers_config_dns_server(const struct publishers_config *c);

struct publishers;

/* Reads and writes the store (blocking). */
struct publishers *publishers_new(struct loop *l, struct store *store, struct write_batch *batch,
				  const struct publish_queue_owner *fns, void *owner);
void publishers_free(struct publishers *p);

struct publishers_setup {
	const char *domain;
	const char *host;                    /* the relay's own name, or NULL */
	const struct publish_set *addresses; /* the relay's, by type */
	const struct publishers_config *dns; /* used until the next one is in force */
};
/* Another setup is in force: the publishers begin anew, and the zone holds only the relay's and the
 * operator's records; publishers_show and publishers_check_all must follow. Serials go on from
 * where they were, also over kill -9. */
void publishers_change(struct publishers *p, const struct publishers_setup *setup);
/* What was published as the store remembers it, by a publisher that is one of these. */
void publishers_restore(struct publishers *p, const struct store_published *row);

/* in the zone, at once */
void publishers_show(struct publishers *p, const char *name, enum publish_type type,
		     const struct publish_set *set);
/* after publishers_show: the zone has changed, its serial grows */
void publishers_number(struct publishers *p);
/* at the publishers, in their time */
void publishers_check(struct publishers *p, const char *name);
void publishers_check_all(struct publishers *p); /* what may be published */
/* puts into the batch what belongs to no single name */
void publishers_repeat(struct publishers *p);

/* How a value of a TXT record fares, counted over the publishers that can carry it. */
void publishers_progress(const struct publishers *p, const char *name, const char *value,
			 struct publish_progress *out);
/* NULL without a `serve`; another one after publishers_change */
const struct zone *publishers_zone(const struct publishers *p);
/* what the world sees of a name when wanted is wanted of it, or NULL */
const char *publishers_value(const struct publishers *p, const char *name, enum publish_type type,
			     const char *wanted);
/* "published": […]; since_ms: of what is wanted */
void publishers_status(const struct publishers *p, const char *name, enum publish_type type,
		       const char *wanted, uint64_t since_ms, struct json *w);

#endif
