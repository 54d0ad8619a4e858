/*
 * What has to be written down, and who waits until it is: entries that have changed, and whatever
 * else goes along, leave for the store together once a turn, one batch at a time. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_LEDGER_H
#define GROUNDNUT_RELAY_NAMES_LEDGER_H

#include "relay/names/entry.h"
#include "shared/net/loop.h"

struct ledger;

/* Somebody who waits; the owner's memory, embedded. fn comes once, from the loop, unless
 * ledger_leave was called before; it may free w. */
struct ledger_wait {
	struct list node;
	void (*fn)(struct ledger_wait *w, bool written);
};

/* all: a batch was lost, and a new try begins; every entry is to be marked, every number put
 * again. */
struct ledger *ledger_new(struct loop *l, struct store *store, void (*all)(void *owner),
			  void *owner);
/* what is not written yet is handed to the store; nobody is told any more */
void ledger_free(struct ledger *g);

void ledger_mark(struct ledger *g, struct entry *e); /* e has changed */
/* for what else goes into the next batch; valid until the loop's turn is over */
struct store_batch *ledger_batch(struct ledger *g);
/* until all that was marked and put so far is written */
void ledger_join(struct ledger *g, struct ledger_wait *w);
/* also when it has been told, or never joined but was zeroed */
void ledger_leave(struct ledger_wait *w);

#endif
