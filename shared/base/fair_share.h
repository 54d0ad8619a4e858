/*
 * Divides the rate of a line into equal shares, by a tree of token buckets. The members that have
 * used the line lately have equal shares of the one above them. Each has its share for certain, and
 * borrows from above what others leave. So a member that uses little never waits for one that takes
 * all it gets.
 *
 * Pure: the caller gives the time. Amounts are bytes; rates are bits a second.
 */
#ifndef GROUNDNUT_BASE_FAIR_SHARE_H
#define GROUNDNUT_BASE_FAIR_SHARE_H

#include "shared/base/list.h"
#include "shared/base/token_bucket.h"

enum { FAIR_SHARE_LATELY_MS = 1000 };

/* The line itself, or a share of the one above it. */
struct fair_share {
	struct fair_share *above; /* NULL: the line */
	struct token_bucket bucket;
	uint64_t bits;     /* its rate now; 0: no limit */
	uint64_t used_ms;  /* when bytes last went */
	struct list node;  /* in users of above, while it has used the line lately */
	struct list users; /* the shares of this one, the longest silent first */
	uint64_t count;    /* the number of users */
};

/* above: NULL for a line. bits: the rate of a line; a share gets its rate from above. Each share
 * must end before the one above it. */
void fair_share_init(struct fair_share *l, struct fair_share *above, uint64_t bits,
		     uint64_t now_ms);
void fair_share_fini(struct fair_share *l);
void fair_share_change(struct fair_share *line, uint64_t bits, uint64_t now_ms);

/* How many bytes may go now; UINT64_MAX: no limit. */
uint64_t fair_share_room(struct fair_share *l, uint64_t now_ms);
/* Takes the bytes, also when there is no room for them: the line is in debt then. */
void fair_share_take(struct fair_share *l, uint64_t bytes, uint64_t now_ms);
/* How long until there is room for a worthwhile piece (token_bucket_piece()). */
uint64_t fair_share_wait_ms(struct fair_share *l, uint64_t now_ms);

#endif
