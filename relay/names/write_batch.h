/*
 * What has to be written down, and who waits until it is: names that have changed, and what
 * else goes along, leave for the store together once a turn, one batch at a time. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_WRITE_BATCH_H
#define GROUNDNUT_RELAY_NAMES_WRITE_BATCH_H

#include "relay/names/name_records.h"
#include "shared/net/loop.h"

struct write_batch;

/* A wait; the owner's memory, embedded. fn comes once, from the loop, unless write_batch_leave was
 * called before; it may free w. */
struct write_batch_wait {
	struct list node;
	void (*fn)(struct write_batch_wait *w, bool written);
};

/* all: a batch was lost, and a new try begins; every name is to be marked, every number put
 * again. */
struct write_batch *write_batch_new(struct loop *l, struct store *store, void (*all)(void *owner),
				    void *owner);
/* what is not written yet is handed to the store; none is told any more */
void write_batch_free(struct write_batch *g);

void write_batch_mark(struct write_batch *g, struct name *n); /* it has changed */
/* for what else goes into the next batch; valid until the loop's turn is over */
struct store_batch *write_batch_batch(struct write_batch *g);
/* until all that was marked and put so far is written */
void write_batch_join(struct write_batch *g, struct write_batch_wait *w);
/* also when it has been told, or never joined but was zeroed */
void write_batch_leave(struct write_batch_wait *w);

#endif
