/* Chooses the visitors of a door that make room when places or memory are short: those that do
 * not take the bytes that wait for them, or do not send the bytes that are awaited. It looks at
 * a few members at a time, in turns. A visitor that is waited for and moves at less than
 * MINIMUM_RATE_RATE falls behind. Of the members that are behind, the first one found in the
 * fullest network ends. One thread. */
#ifndef GROUNDNUT_RELAY_DOORS_SLOW_VISITORS_H
#define GROUNDNUT_RELAY_DOORS_SLOW_VISITORS_H

#include "shared/http/minimum_rate.h"
#include "shared/base/bucket_queue.h"
#include "shared/base/eviction_queue.h"
#include "shared/base/token_bucket.h"

struct slow_visitors_member {
	/* slow_visitors.members, the next one to look at first */
	struct list node;
	struct eviction_queue_member behind; /* slow_visitors.behind */
	struct minimum_rate rate;
	struct addr from;
	bool known; /* it has been looked at */
};

/* What a look at a visitor shows. */
struct slow_visitors_sight {
	bool waits;        /* everything waits for the visitor */
	bool holds_memory; /* it holds some of the tunnel's memory */
	uint64_t progress; /* all bytes that it has brought and taken so far */
	int64_t lag_ms;    /* how far it is known to be behind already */
};

struct slow_visitors_kind {
	struct slow_visitors_sight (*look)(struct slow_visitors_member *m);
	/* Ends the visitor, which calls slow_visitors_remove(). */
	void (*end)(struct slow_visitors_member *m, int64_t lag_ms);
};

struct slow_visitors {
	const struct slow_visitors_kind *kind;
	struct list members;
	size_t count;
	struct bucket_queue *all; /* of all doors, by count */
	struct list node;         /* all */
	struct eviction_queue *behind;
	/* how many may be looked at now; each look asks the kernel */
	struct token_bucket looks;
	/* visitors ended because they were slow, and when that was last logged: the door's */
	uint64_t ended, said_ms;
};

/* all: where it stands by how many members it has. */
void slow_visitors_init(struct slow_visitors *r, const struct slow_visitors_kind *kind,
			struct bucket_queue *all);
void slow_visitors_fini(struct slow_visitors *r); /* it must have no members */
void slow_visitors_add(struct slow_visitors *r, struct slow_visitors_member *m,
		       const struct addr *from);
void slow_visitors_remove(struct slow_visitors *r, struct slow_visitors_member *m);
/* Those with the most members; NULL: none has any. */
struct slow_visitors *slow_visitors_fullest(const struct bucket_queue *all);
/* Which visitors must end. */
struct slow_visitors_wish {
	unsigned most;  /* how many at most */
	int64_t lag_ms; /* those that are behind by more than this */
	/* and those that are behind at all, when so many of their network are; 0: not these */
	size_t crowd;
	bool memory; /* only those that hold memory */
};

/* Looks at some members, then ends those that the wish names. Returns how many it has ended. A
 * visitor counts as a second ahead when it is first looked at. */
unsigned slow_visitors_ask(struct slow_visitors *r, const struct slow_visitors_wish *wish,
			   uint64_t now_ms);

#endif
