/*
 * Divides the rate of a line into equal shares, by a tree of token buckets. The members that have
 * used the line lately have equal shares of the one above them. Each has its share for certain, and
 * borrows from above what others leave. So a member that uses little never waits for one that takes
 * all it gets.
 *
 * Pure: the caller gives the time. Amounts are bytes; rates are bits a second.
 */
#ifndef GROUNDNUT_BASE_FAIR_LINE_H
#define GROUNDNUT_BASE_FAIR_LINE_H

#include "shared/base/list.h"
#include "shared/base/token_bucket.h"

enum { FAIR_LINE_LATELY_MS = 1000 };

/* The line itself, or a share of the one above it. */
struct fair_line {
	struct fair_line *above; /* NULL: the line */
	struct token_bucket bucket;
	uint64_t bits;     /* its rate now; 0: no limit */
	uint64_t used_ms;  /* when bytes last went */
	struct list node;  /* in users of above, while it has used the line lately */
	struct list users; /* the shares of this one, the longest silent first */
	uint64_t count;    /* the number of users */
};

/* above: NULL for a line. bits: the rate of a line; a share gets its rate from above. Each share
 * must end before the one above it. */
void fair_line_init(struct fair_line *l, struct fair_line *above, uint64_t bits, uint64_t now_ms);
void fair_line_fini(struct fair_line *l);
void fair_line_change(struct fair_line *line, uint64_t bits, uint64_t now_ms);

/* How many bytes may go now; UINT64_MAX: no limit. */
uint64_t fair_line_room(struct fair_line *l, uint64_t now_ms);
/* Takes the bytes, also when there is no room for them: the line is in debt then. */
void fair_line_take(struct fair_line *l, uint64_t bytes, uint64_t now_ms);
/* How long until there is room for a worthwhile piece (token_bucket_piece()). */
uint64_t fair_line_wait_ms(struct fair_line *l, uint64_t now_ms);

#endif
