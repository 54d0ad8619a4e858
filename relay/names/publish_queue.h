/*
 * One publisher and its way to the wanted records: which names are still to be brought out there,
 * which one is under way, what was refused and when to try again. Whoever owns it keeps an item for
 * each name.
 */
#ifndef GROUNDNUT_RELAY_NAMES_PUBLISH_QUEUE_H
#define GROUNDNUT_RELAY_NAMES_PUBLISH_QUEUE_H

#include "relay/names/publisher.h"
#include "shared/base/json.h"
#include "shared/base/list.h"
#include "shared/net/loop.h"

struct publish_queue;

/* One name at one publisher; embedded, zeroed and given to publish_queue_add before use. */
struct publish_queue_item {
	struct list node; /* among the due or the refused ones, or on none */
	const char *name; /* not owned */
	/* comma list as brought out, "" for a deleted set, NULL: not known */
	char *published[2];
	uint64_t since_ms[2]; /* UNIX time of that */
	char *error;          /* of the last try, NULL: it went well */
	uint64_t retry_ms;    /* loop time, while among the refused */
};

struct publish_queue_owner {
	/* What is wanted now. */
	void (*wanted)(void *owner, struct publish_queue_item *item, unsigned family,
		       struct publish_set *out);
	/* item->published[which] has changed, to be kept. May free the item's name and item (after
	 * publish_queue_remove). */
	void (*published)(void *owner, struct publish_queue *c, struct publish_queue_item *item);
};

/* id (copied) tells this publisher from all others over restarts. The publisher is attached right
 * after. */
struct publish_queue *publish_queue_new(struct loop *l, const char *id,
					const struct publish_queue_owner *fns, void *owner);
/* owns self: closed with it */
void publish_queue_attach(struct publish_queue *c, const struct publisher_kind *kind, void *self);
/* items must have been removed or are abandoned with publish_queue_remove later */
void publish_queue_close(struct publish_queue *c);

const char *publish_queue_id(const struct publish_queue *c);
/* publish_done_fn */
void publish_queue_done(void *converge, enum publish_result result, uint64_t wait_ms,
			const char *error);

void publish_queue_add(struct publish_queue *c, struct publish_queue_item *item, const char *name);
/* what is wanted may have changed */
void publish_queue_check(struct publish_queue *c, struct publish_queue_item *item);
/* frees what the item holds; also while it is under way */
void publish_queue_remove(struct publish_queue *c, struct publish_queue_item *item);
/* nothing is or may be out there */
bool publish_queue_is_settled(const struct publish_queue *c, const struct publish_queue_item *item);
/* as published, or NULL */
const char *publish_queue_value(const struct publish_queue_item *item, unsigned family);
void publish_queue_status(const struct publish_queue *c, const struct publish_queue_item *item,
			  unsigned family, struct json *w);

/* Addresses as one text, comma separated, "" for none; in buffers of this size. */
enum { PUBLISH_QUEUE_TEXT = PUBLISH_ADDRESSES * ADDR_TEXT };
const char *publish_queue_text(const struct publish_set *set, char out[PUBLISH_QUEUE_TEXT]);

#endif
