/*
 * The rank of an item at a level is the number of checks that its part had used when the item came.
 * The first item of each part comes before the second item of any part: so parts take turns. Taking
 * an item finds the network whose turn it is, then the part of that network whose turn it is, and
 * so on. The item that is found swaps its rank at each level with the one that was first there.
 */
#include "shared/base/login_queue.h"

#include "shared/base/mem.h"
#include "shared/base/source_table.h"

#include <string.h>

enum { REMEMBERED = 8192, FORGET_MS = 3600000, IN_A_ROW = 2 };

/* The bits of the parts, v4 and v6, and their labels in the table. */
static const struct {
	unsigned v4, v6;
	const char *label;
} levels[LOGIN_QUEUE_LEVELS] = {{24, 48, "\1"}, {32, 56, "\2"}, {32, 64, "\3"}};

struct used {
	uint32_t checks;
	uint64_t seen_ms;
};

struct login_queue {
	struct list items; /* in the order they came */
	size_t count, max;
	unsigned proven_in_a_row;
	struct source_table *used; /* by part and level; by account */
};

struct login_queue *login_queue_new(size_t max)
{
	struct login_queue *q = mem_zalloc(sizeof(*q));
	list_init(&q->items);
	q->max = max;
	q->used = source_table_new(REMEMBERED, sizeof(struct used));
	return q;
}

void login_queue_free(struct login_queue *q)
{
	if (!q)
		return;
	source_table_free(q->used);
	mem_free(q);
}

static uint32_t *checks_of(struct login_queue *q, const struct addr *part, const char *label,
			   uint64_t now_ms)
{
	struct used *u = source_table_see(q->used, part, label);
	if (now_ms - u->seen_ms > FORGET_MS)
		u->checks = 0;
	u->seen_ms = now_ms;
	return &u->checks;
}

/* An account's key in the table has no address. */
static uint32_t *checks_of_account(struct login_queue *q, const char *account, uint64_t now_ms)
{
	static const struct addr none = {0};
	return checks_of(q, &none, account, now_ms);
}

static bool shares(const struct login_queue_item *a, const struct login_queue_item *b,
		   unsigned level)
{
	return addr_equal_ip(&a->parts[level], &b->parts[level]);
}

/* Whether a is before b at this level. Of two alike the one that came first is before; the callers
 * see to that. */
static bool is_before(const struct login_queue_item *a, const struct login_queue_item *b,
		      unsigned level)
{
	return a->ranks[level] != b->ranks[level] ? a->ranks[level] < b->ranks[level]
						  : a->account_rank < b->account_rank;
}

static struct login_queue_item *last(struct login_queue *q)
{
	struct login_queue_item *found = NULL;
	LIST_EACH(node, &q->items)
	{
		struct login_queue_item *i = LIST_ENTRY(node, struct login_queue_item, node);
		if (!found || (found->proven && !i->proven) ||
		    (found->proven == i->proven && !is_before(i, found, 0)))
			found = i;
	}
	return found;
}

static void take_out(struct login_queue *q, struct login_queue_item *item)
{
	list_remove(&item->node);
	q->count--;
}

struct login_queue_item *login_queue_add(struct login_queue *q, struct login_queue_item *item,
					 const struct addr *source, const char *account,
					 bool proven, uint64_t now_ms)
{
	for (unsigned l = 0; l < LOGIN_QUEUE_LEVELS; l++) {
		item->parts[l] = addr_prefix(source, levels[l].v4, levels[l].v6);
		item->ranks[l] = (*checks_of(q, &item->parts[l], levels[l].label, now_ms))++;
	}
	item->account_rank = (*checks_of_account(q, account, now_ms))++;
	item->proven = proven;
	list_append(&q->items, &item->node);
	if (++q->count <= q->max)
		return NULL;
	struct login_queue_item *victim = last(q);
	take_out(q, victim);
	return victim;
}

/* The item whose turn it is at this level, among those that are proven or not and have the same
 * part as above at the level above. */
static struct login_queue_item *first(struct login_queue *q, bool proven, unsigned level,
				      const struct login_queue_item *above)
{
	struct login_queue_item *found = NULL;
	LIST_EACH(node, &q->items)
	{
		struct login_queue_item *i = LIST_ENTRY(node, struct login_queue_item, node);
		if (i->proven == proven && (!above || shares(i, above, level - 1)) &&
		    (!found || is_before(i, found, level)))
			found = i;
	}
	return found;
}

static void swap_ranks(struct login_queue_item *a, struct login_queue_item *b, unsigned level)
{
	uint32_t rank = a->ranks[level];
	a->ranks[level] = b->ranks[level];
	b->ranks[level] = rank;
}

struct login_queue_item *login_queue_take(struct login_queue *q)
{
	struct login_queue_item *firsts[LOGIN_QUEUE_LEVELS];
	bool proven =
	    first(q, true, 0, NULL) && (q->proven_in_a_row < IN_A_ROW || !first(q, false, 0, NULL));
	for (unsigned l = 0; l < LOGIN_QUEUE_LEVELS; l++) {
		firsts[l] = first(q, proven, l, l ? firsts[l - 1] : NULL);
		if (!firsts[l])
			return NULL;
	}
	struct login_queue_item *taken = firsts[LOGIN_QUEUE_LEVELS - 1];
	for (unsigned l = 0; l < LOGIN_QUEUE_LEVELS; l++)
		swap_ranks(taken, firsts[l], l);
	take_out(q, taken);
	q->proven_in_a_row = proven ? q->proven_in_a_row + 1 : 0;
	return taken;
}

static void forgive(uint32_t *checks)
{
	*checks -= *checks > 0;
}

void login_queue_forgive(struct login_queue *q, const struct addr *source, const char *account,
			 uint64_t now_ms)
{
	for (unsigned l = 0; l < LOGIN_QUEUE_LEVELS; l++) {
		struct addr part = addr_prefix(source, levels[l].v4, levels[l].v6);
		forgive(checks_of(q, &part, levels[l].label, now_ms));
	}
	forgive(checks_of_account(q, account, now_ms));
}
