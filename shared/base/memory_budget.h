/*
 * How much memory something may take: a session's share inside the process's whole. The whole is
 * shared by threads (atomic); a share belongs to one thread. The last quarter of the whole is kept
 * for small shares, so that a few greedy sessions cannot leave nothing for the others.
 */
#ifndef GROUNDNUT_BASE_MEMORY_BUDGET_H
#define GROUNDNUT_BASE_MEMORY_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct memory_budget_whole {
	atomic_size_t used;
	atomic_size_t limit;
};

struct memory_budget {
	struct memory_budget_whole *whole; /* not owned; may be NULL: only limit counts */
	size_t used;
	size_t limit;
};

enum { MEMORY_BUDGET_SMALL = 128 * 1024 };

static inline size_t memory_budget_left(const struct memory_budget *b)
{
	size_t mine = b->limit > b->used ? b->limit - b->used : 0;
	if (!b->whole)
		return mine;
	size_t taken = atomic_load_explicit(&b->whole->used, memory_order_relaxed);
	size_t limit = atomic_load_explicit(&b->whole->limit, memory_order_relaxed);
	size_t open = b->used < MEMORY_BUDGET_SMALL ? limit : limit / 4 * 3;
	size_t all = open > taken ? open - taken : 0;
	return mine < all ? mine : all;
}

/* Taken in any case: whoever may be refused asks memory_budget_left first; what is owed always
 * fits. */
static inline void memory_budget_take(struct memory_budget *b, size_t len)
{
	b->used += len;
	if (b->whole)
		atomic_fetch_add_explicit(&b->whole->used, len, memory_order_relaxed);
}

static inline void memory_budget_give(struct memory_budget *b, size_t len)
{
	b->used -= len;
	if (b->whole)
		atomic_fetch_sub_explicit(&b->whole->used, len, memory_order_relaxed);
}

#endif
