/*
 * One publisher and its way to the wanted records: which names are still to be brought out there,
 * which one is under way, what was refused and when to try again. Whoever owns it keeps an item for
 * each name.
 */
#ifndef GROUNDNUT_RELAY_NAMES_CONVERGE_H
#define GROUNDNUT_RELAY_NAMES_CONVERGE_H

#include "relay/names/publisher.h"
#include "shared/base/json.h"
#include "shared/base/list.h"
#include "shared/net/loop.h"

struct converge;

/* One name at one publisher; embedded, zeroed and given to converge_add before use. */
struct converge_item {
	struct list node; /* among the due or the refused ones, or on none */
	const char *name; /* not owned */
	/* comma list as brought out, "" for a deleted set, NULL: not known */
	char *published[2];
	uint64_t since_ms[2]; /* UNIX time of that */
	char *error;          /* of the last try, NULL: it went well */
	uint64_t retry_ms;    /* loop time, while among the refused */
};

struct converge_owner {
	/* What is wanted now. */
	void (*wanted)(void *owner, struct converge_item *item, unsigned family,
		       struct publish_set *out);
	/* item->published[which] has changed, to be kept. May free the item's name and item (after
	 * converge_remove). */
	void (*published)(void *owner, struct converge *c, struct converge_item *item);
};

/* id (copied) tells this publisher from all others over restarts. The publisher is attached right
 * after. */
struct converge *converge_new(struct loop *l, const char *id, const struct converge_owner *fns,
			      void *owner);
/* owns self: closed with it */
void converge_attach(struct converge *c, const struct publisher_kind *kind, void *self);
/* items must have been removed or are abandoned with converge_remove later */
void converge_close(struct converge *c);

const char *converge_id(const struct converge *c);
/* publish_done_fn */
void converge_done(void *converge, enum publish_result result, uint64_t wait_ms, const char *error);

void converge_add(struct converge *c, struct converge_item *item, const char *name);
/* what is wanted may have changed */
void converge_check(struct converge *c, struct converge_item *item);
/* frees what the item holds; also while it is under way */
void converge_remove(struct converge *c, struct converge_item *item);
/* nothing is or may be out there */
bool converge_is_settled(const struct converge *c, const struct converge_item *item);
/* as published, or NULL */
const char *converge_value(const struct converge_item *item, unsigned family);
void converge_status(const struct converge *c, const struct converge_item *item, unsigned family,
		     struct json *w);

/* Addresses as one text, comma separated, "" for none; in buffers of this size. */
enum { CONVERGE_TEXT = PUBLISH_ADDRESSES * ADDR_TEXT };
const char *converge_text(const struct publish_set *set, char out[CONVERGE_TEXT]);

#endif
