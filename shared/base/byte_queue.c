#include "shared/base/byte_queue.h"

#include "shared/base/mem.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum { PIECE_LEAST = 1024 - 32, PIECE_MOST = 64 * 1024 - 32 };

struct queue_piece {
	struct queue_piece *next;
	size_t cap, start, end;
	uint8_t bytes[];
};

static size_t piece_cap(const struct byte_queue *q, size_t len)
{
	/* Grows with what already waits, so a drip of small writes does not make a long list. */
	size_t cap = len > q->len ? len : q->len;
	if (cap < PIECE_LEAST)
		return PIECE_LEAST;
	return cap > PIECE_MOST ? PIECE_MOST : cap;
}

void byte_queue_put(struct byte_queue *q, const void *p, size_t len)
{
	const uint8_t *from = p;
	while (len > 0) {
		if (!q->last || q->last->end == q->last->cap) {
			size_t cap = piece_cap(q, len);
			struct queue_piece *piece = mem_alloc(sizeof *piece + cap);
			*piece = (struct queue_piece){.cap = cap};
			if (q->last)
				q->last->next = piece;
			else
				q->first = piece;
			q->last = piece;
		}
		size_t part = q->last->cap - q->last->end;
		if (part > len)
			part = len;
		memcpy(q->last->bytes + q->last->end, from, part);
		q->last->end += part;
		q->len += part;
		from += part;
		len -= part;
	}
}

int byte_queue_peek(const struct byte_queue *q, struct iovec *iov, int most)
{
	int n = 0;
	for (struct queue_piece *p = q->first; p && n < most; p = p->next)
		iov[n++] =
		    (struct iovec){.iov_base = p->bytes + p->start, .iov_len = p->end - p->start};
	return n;
}

void byte_queue_take(struct byte_queue *q, size_t len)
{
	assert(len <= q->len);
	q->len -= len;
	while (len > 0) {
		struct queue_piece *p = q->first;
		assert(p);
		size_t part = p->end - p->start;
		if (part > len) {
			p->start += len;
			return;
		}
		len -= part;
		q->first = p->next;
		if (!q->first)
			q->last = NULL;
		mem_free(p);
	}
}

void byte_queue_fini(struct byte_queue *q)
{
	byte_queue_take(q, q->len);
}
