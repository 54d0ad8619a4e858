/* Lists the visitors that are inside now, for the operator, and cuts one of them off. Each loop is
 * asked for the visitors of its own doors. */
#ifndef GROUNDNUT_RELAY_DOORS_LIVE_VISITORS_H
#define GROUNDNUT_RELAY_DOORS_LIVE_VISITORS_H

#include "relay/doors/door.h"

enum { LIVE_VISITORS_MOST = 500, LIVE_VISITORS_NAME = 256 };

/* Which visitors are wanted. */
struct live_visitors_wish {
	char account[LIVE_VISITORS_NAME]; /* here and in the next two "" means all */
	char agent[LIVE_VISITORS_NAME];
	char mapping[LIVE_VISITORS_NAME];
	uint64_t id; /* 0: all visitors; else only this one, which is written and cut off */
};

/* The counts of all loops together. */
struct live_visitors_tally {
	atomic_uint told;           /* visitors that a loop has tried to write */
	atomic_uint_fast64_t total; /* visitors that fit the wish */
};

/* Writes the wanted visitors of this door into an open array, the longest inside first, until all
 * loops together have written LIVE_VISITORS_MOST. Called on the door's loop. */
void live_visitors_tell(struct door *d, const struct live_visitors_wish *wish,
			struct live_visitors_tally *tally, struct json *w);

#endif
