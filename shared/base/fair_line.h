/*
 * The rate of a line in equal shares: a tree of token buckets. Those that have used the line lately
 * share what stands above them; each has its share for certain, and what others leave of theirs is
 * borrowed from above. So one that uses little never waits for one that takes all it gets.
 *
 * Pure: the caller gives the time. Bytes; rates in bits a second.
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
	struct list node;  /* above.users, while it has used it lately */
	struct list users; /* shares of this one, the longest silent first */
	uint64_t count;    /* of them */
};

/* bits: of a line; a share has what the one above it gives. Each must end before the one above. */
void fair_line_init(struct fair_line *l, struct fair_line *above, uint64_t bits, uint64_t now_ms);
void fair_line_fini(struct fair_line *l);
void fair_line_change(struct fair_line *line, uint64_t bits, uint64_t now_ms);

/* How many bytes may go now; UINT64_MAX: no limit. */
uint64_t fair_line_room(struct fair_line *l, uint64_t now_ms);
/* takes them in any case */
void fair_line_take(struct fair_line *l, uint64_t bytes, uint64_t now_ms);
/* until there is a worthwhile piece */
uint64_t fair_line_wait_ms(struct fair_line *l, uint64_t now_ms);

#endif
