/* Who is inside now, for the operator who looks, and who cuts one of them off. Each loop is asked
 * for the visitors of its own doors. */
#ifndef GROUNDNUT_RELAY_DOORS_DOOR_VISITORS_H
#define GROUNDNUT_RELAY_DOORS_DOOR_VISITORS_H

#include "relay/doors/door.h"

enum { DOOR_VISITORS_MOST = 500, DOOR_VISITORS_NAME = 256 };

/* Which are meant. */
struct door_visitors_wish {
	char account[DOOR_VISITORS_NAME]; /* this and the next two: "" stands for all */
	char agent[DOOR_VISITORS_NAME];
	char mapping[DOOR_VISITORS_NAME];
	uint64_t id; /* 0: of all; else this one, which is cut off when it has been told */
};

/* What all loops have found together. */
struct door_visitors_tally {
	atomic_uint told; /* visitors that there was room for, or more */
	atomic_uint_fast64_t total;
};

/* Those of this door into an array that is open, the longest here first, until DOOR_VISITORS_MOST
 * are told in all. */
void door_visitors_tell(struct door *d, const struct door_visitors_wish *wish,
			struct door_visitors_tally *tally, struct json *w);

#endif
