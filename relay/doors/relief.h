/*
 * Which visitors of a door make room when places or memory are short: those that do not take what
 * waits for them, or do not send what is awaited. Members are looked at a few at a time, in turn.
 * Who is kept waiting for and moves at less than MINIMUM_RATE_RATE falls behind. Of those that are
 * behind the first found of the fullest network goes. One thread.
 */
#ifndef GROUNDNUT_RELAY_DOORS_RELIEF_H
#define GROUNDNUT_RELAY_DOORS_RELIEF_H

#include "shared/http/minimum_rate.h"
#include "shared/base/crowd.h"

struct relief_member {
	struct list node;           /* relief.members, the next to be looked at first */
	struct crowd_member behind; /* relief.behind */
	struct minimum_rate rate;
	struct addr from;
	bool known; /* it has been looked at */
};

struct relief_sight {
	bool waits;        /* everything waits for the visitor … */
	bool holds_memory; /* … which holds some of the tunnel's memory */
	uint64_t progress; /* all bytes that it has brought and taken so far */
	int64_t lag_ms;    /* how far it is known to be behind already */
};

struct relief_kind {
	struct relief_sight (*look)(struct relief_member *m);
	/* ends the visitor, which removes itself */
	void (*end)(struct relief_member *m, int64_t lag_ms);
};

struct relief {
	const struct relief_kind *kind;
	struct list members;
	size_t count;
	struct crowd *behind;
};

void relief_init(struct relief *r, const struct relief_kind *kind);
void relief_fini(struct relief *r); /* it has no members */
void relief_add(struct relief *r, struct relief_member *m, const struct addr *from);
void relief_remove(struct relief *r, struct relief_member *m);
/* Looks at some members, then ends at most `most` that are more than lag_ms behind; where memory is
 * short, only those that hold some. Returns how many. A visitor is a second ahead when it is first
 * looked at. */
unsigned relief_ask(struct relief *r, unsigned most, int64_t lag_ms, bool memory, uint64_t now_ms);

#endif
