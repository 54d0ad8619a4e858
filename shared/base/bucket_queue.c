#include "shared/base/bucket_queue.h"

#include "shared/base/mem.h"

enum { STEPS = 8, SHIFTS = 20, RANKS = SHIFTS * STEPS + 2 * STEPS };

/* Below 2 * STEPS the amount itself, then STEPS ranks for each power of two. */
static unsigned rank_of(size_t amount)
{
	unsigned shift = 0;
	while (shift < SHIFTS && amount >> shift >= 2 * STEPS)
		shift++;
	size_t rank = shift * STEPS + (amount >> shift);
	return rank < RANKS ? (unsigned)rank : RANKS - 1;
}

static void leave(struct bucket_queue *q, struct list *node)
{
	if (list_is_empty(node))
		return;
	list_remove(node);
	q->count--;
}

static void begin(struct bucket_queue *q)
{
	q->buckets = mem_alloc(RANKS * sizeof *q->buckets);
	for (unsigned i = 0; i < RANKS; i++)
		list_init(&q->buckets[i]);
}

void bucket_queue_put(struct bucket_queue *q, struct list *node, size_t amount)
{
	unsigned rank = rank_of(amount);
	leave(q, node);
	if (!amount && !q->count) {
		bucket_queue_fini(q);
		return;
	}
	if (!q->buckets)
		begin(q);
	if (amount) {
		list_append(&q->buckets[rank], node);
		q->count++;
		if (rank > q->top)
			q->top = rank;
	}
	while (list_is_empty(&q->buckets[q->top]))
		q->top--;
}

void bucket_queue_fini(struct bucket_queue *q)
{
	mem_free(q->buckets);
	*q = (struct bucket_queue){.buckets = NULL};
}

struct list *bucket_queue_fullest(const struct bucket_queue *q)
{
	return q->count ? q->buckets[q->top].next : NULL;
}
