/* Which visitors of a door make room when places or memory are short: those that do not take what
 * waits for them, or do not send what is awaited. A few members are looked at at a time, by turns.
 * A visitor that is waited for and moves at less than MINIMUM_RATE_RATE falls behind. Of those that
 * are behind, the first one found of the fullest network goes. One thread. */
#ifndef GROUNDNUT_RELAY_DOORS_SLOW_VISITORS_H
#define GROUNDNUT_RELAY_DOORS_SLOW_VISITORS_H

#include "shared/http/minimum_rate.h"
#include "shared/base/eviction_queue.h"
#include "shared/base/token_bucket.h"

struct slow_visitors_member {
	/* slow_visitors.members, the next to be looked at first */
	struct list node;
	struct eviction_queue_member behind; /* slow_visitors.behind */
	struct minimum_rate rate;
	struct addr from;
	bool known; /* it has been looked at */
};

struct slow_visitors_sight {
	bool waits;        /* everything waits for the visitor … */
	bool holds_memory; /* … which holds some of the tunnel's memory */
	uint64_t progress; /* all bytes that it has brought and taken so far */
	int64_t lag_ms;    /* how far it is known to be behind already */
};

struct slow_visitors_kind {
	struct slow_visitors_sight (*look)(struct slow_visitors_member *m);
	/* ends the visitor, which removes itself */
	void (*end)(struct slow_visitors_member *m, int64_t lag_ms);
};

struct slow_visitors {
	const struct slow_visitors_kind *kind;
	struct list members;
	size_t count;
	struct eviction_queue *behind;
	/* how many may be looked at now; the kernel is asked about each */
	struct token_bucket looks;
};

void slow_visitors_init(struct slow_visitors *r, const struct slow_visitors_kind *kind);
void slow_visitors_fini(struct slow_visitors *r); /* it has no members */
void slow_visitors_add(struct slow_visitors *r, struct slow_visitors_member *m,
		       const struct addr *from);
void slow_visitors_remove(struct slow_visitors *r, struct slow_visitors_member *m);
struct slow_visitors_wish {
	unsigned most;  /* visitors that are to go */
	int64_t lag_ms; /* they are to be that far behind … */
	size_t crowd;   /* … or just behind, if so many of their network are; 0: never mind */
	bool memory;    /* only those that hold some are any help */
};

/* Looks at some members, then ends those that the wish asks for. Returns how many. A visitor is a
 * second ahead when it is first looked at. */
unsigned slow_visitors_ask(struct slow_visitors *r, const struct slow_visitors_wish *wish,
			   uint64_t now_ms);

#endif
