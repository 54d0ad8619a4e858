/*
 * Collects what must be written to the store, and tells those who wait for it. Names that have
 * changed, and other rows, go to the store together, one batch at a time. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_WRITE_BATCH_H
#define GROUNDNUT_RELAY_NAMES_WRITE_BATCH_H

#include "relay/names/name_records.h"
#include "shared/net/loop.h"

struct write_batch;

/* A wait, embedded by its owner. fn comes once, from the loop, unless write_batch_leave() is called
 * before; it may free w. */
struct write_batch_wait {
	struct list node;
	void (*fn)(struct write_batch_wait *w, bool written);
};

/* all: called when a batch was lost and a new try begins; the owner marks every name and puts every
 * number again. */
struct write_batch *write_batch_new(struct loop *l, struct store *store, void (*all)(void *owner),
				    void *owner);
/* Gives the store what is not written yet. No fn comes after this. */
void write_batch_free(struct write_batch *g);

/* The name has changed. It is written within half a second, or with what is written before. */
void write_batch_mark(struct write_batch *g, struct name *n);
/* The next batch, for other rows, which is written at once; valid until the loop's turn is over. */
struct store_batch *write_batch_batch(struct write_batch *g);
/* Waits until all that was marked and put so far is written. */
void write_batch_join(struct write_batch *g, struct write_batch_wait *w);
/* Ends the wait. Does nothing when fn has come, or when w is zeroed and never joined. */
void write_batch_leave(struct write_batch_wait *w);

#endif
