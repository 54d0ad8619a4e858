/*
 * Brings one publisher to the wanted records. It knows what is published there of each name, which
 * names wait, which one is under way, what was refused, and when to try again. It knows a name that
 * it was asked to check, while something of it is published or must be published.
 */
#ifndef GROUNDNUT_RELAY_NAMES_PUBLISH_QUEUE_H
#define GROUNDNUT_RELAY_NAMES_PUBLISH_QUEUE_H

#include "relay/providers/publisher_kind.h"
#include "relay/names/write_batch.h"
#include "shared/base/event.h"
#include "shared/base/json.h"

struct publish_queue;

/* How many publishers are in which state with one value of a TXT record. */
struct publish_progress {
	unsigned there, failed, tried; /* has published it; has failed; has not answered yet */
	const char *why;               /* the error of one that has failed, or NULL */
};

struct publish_queue_owner {
	/* Writes what is wanted of a name now; nothing when the name does not exist. */
	void (*wanted)(void *owner, const char *name, enum publish_type type,
		       struct publish_set *out);
	/* A record of the name was published. */
	void (*published)(void *owner, const char *name);
	/* An event about a name or the publisher; why may be NULL. */
	void (*told)(void *owner, enum event_kind kind, const char *subject, const char *why);
};

/* batch writes what is published to the store. The settings must live longer than the queue.
 * before: the queue of the same id that this one replaces, or NULL; this one takes over what is
 * known to be published, and the caller closes before right after. */
struct publish_queue *publish_queue_new(struct loop *l, struct write_batch *batch,
					const struct publisher_config *config,
					struct publish_queue *before,
					const struct publish_queue_owner *fns, void *owner);
void publish_queue_close(struct publish_queue *q);

const char *publish_queue_id(const struct publish_queue *q);
/* Takes a row of the store at the start; publish_queue_check_all() follows. */
void publish_queue_restore(struct publish_queue *q, const struct store_published *row);
/* Checks a name, because what is wanted of it may have changed. */
void publish_queue_check(struct publish_queue *q, const char *name);
void publish_queue_check_all(struct publish_queue *q); /* checks all names that it knows */
/* The published value, or NULL. */
const char *publish_queue_value(const struct publish_queue *q, const char *name,
				enum publish_type type);
/* Adds this publisher to sum, unless it cannot carry TXT or does not serve the name. */
void publish_queue_progress(const struct publish_queue *q, const char *name, const char *value,
			    struct publish_progress *sum);
void publish_queue_status(const struct publish_queue *q, const char *name, enum publish_type type,
			  struct json *w);

#endif
