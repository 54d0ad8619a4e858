/*
 * One publisher and its way to the wanted records: what is published there of each name, which
 * names are still to be brought out, which one is under way, what was refused and when to try
 * again. It knows the names that it was asked to look at, as long as something of them is or is to
 * be published.
 */
#ifndef GROUNDNUT_RELAY_NAMES_PUBLISH_QUEUE_H
#define GROUNDNUT_RELAY_NAMES_PUBLISH_QUEUE_H

#include "relay/providers/publisher_kind.h"
#include "relay/names/write_batch.h"
#include "shared/base/event.h"
#include "shared/base/json.h"

struct publish_queue;

/* What became of one value of a TXT record, counted in publishers. */
struct publish_progress {
	unsigned there, failed, tried; /* has it; met trouble with it; has not said yet */
	const char *why;               /* what one of the failed says, or NULL */
};

struct publish_queue_owner {
	/* What is wanted of a name now; nothing of one that is not there. */
	void (*wanted)(void *owner, const char *name, enum publish_type type,
		       struct publish_set *out);
	/* Something of the name has come out. */
	void (*published)(void *owner, const char *name);
	/* Of a name or of the publisher; why: or NULL. */
	void (*told)(void *owner, enum event_kind kind, const char *subject, const char *why);
};

/* What is published is kept by batch. The settings outlive the queue. before: the queue of the same
 * id that this one takes the place of, to be closed right after, or NULL; what is known to be
 * published goes over. */
struct publish_queue *publish_queue_new(struct loop *l, struct write_batch *batch,
					const struct publisher_config *config,
					struct publish_queue *before,
					const struct publish_queue_owner *fns, void *owner);
void publish_queue_close(struct publish_queue *q);

const char *publish_queue_id(const struct publish_queue *q);
/* As the store remembers it; publish_queue_check_all follows. */
void publish_queue_restore(struct publish_queue *q, const struct store_published *row);
/* What is wanted of it may have changed. */
void publish_queue_check(struct publish_queue *q, const char *name);
void publish_queue_check_all(struct publish_queue *q); /* all that it knows */
/* as published, or NULL */
const char *publish_queue_value(const struct publish_queue *q, const char *name,
				enum publish_type type);
/* Counts this publisher, unless it cannot carry TXT or the name is not its business. */
void publish_queue_progress(const struct publish_queue *q, const char *name, const char *value,
			    struct publish_progress *sum);
void publish_queue_status(const struct publish_queue *q, const char *name, enum publish_type type,
			  struct json *w);

#endif
