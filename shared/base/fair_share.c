#include "shared/base/fair_share.h"

void fair_share_init(struct fair_share *l, struct fair_share *above, uint64_t bits, uint64_t now_ms)
{
	*l = (struct fair_share){.above = above, .bits = bits};
	token_bucket_init_bandwidth(&l->bucket, bits, now_ms);
	list_init(&l->node);
	list_init(&l->users);
}

static void leave(struct fair_share *l)
{
	if (list_is_empty(&l->node))
		return;
	list_remove(&l->node);
	l->above->count--;
}

void fair_share_fini(struct fair_share *l)
{
	leave(l);
}

void fair_share_change(struct fair_share *line, uint64_t bits, uint64_t now_ms)
{
	if (bits == line->bits)
		return;
	line->bits = bits;
	token_bucket_change_bandwidth(&line->bucket, bits, now_ms);
}

static void forget_silent(struct fair_share *l, uint64_t now_ms)
{
	while (!list_is_empty(&l->users)) {
		struct fair_share *user = LIST_ENTRY(l->users.next, struct fair_share, node);
		if (now_ms < user->used_ms + FAIR_SHARE_LATELY_MS)
			return;
		leave(user);
	}
}

/* Sets the rates of l and all above it to their shares at this moment. */
static void set_share(struct fair_share *l, uint64_t now_ms)
{
	struct fair_share *above = l->above;
	if (!above)
		return;
	set_share(above, now_ms);
	forget_silent(above, now_ms);
	uint64_t users = above->count + (list_is_empty(&l->node) ? 1 : 0),
		 bits = above->bits / users;
	fair_share_change(l, above->bits && !bits ? 1 : bits, now_ms);
}

/* Returns the one of l and those above it that has the most room; NULL: none has any. */
static struct fair_share *lender(struct fair_share *l, uint64_t *room, uint64_t now_ms)
{
	struct fair_share *best = NULL;
	*room = 0;
	for (; l; l = l->above) {
		uint64_t own = token_bucket_room(&l->bucket, now_ms);
		if (own < *room || !own)
			continue;
		best = l;
		*room = own;
	}
	return best;
}

uint64_t fair_share_room(struct fair_share *l, uint64_t now_ms)
{
	uint64_t room;
	set_share(l, now_ms);
	lender(l, &room, now_ms);
	return room;
}

static void note_use(struct fair_share *l, uint64_t now_ms)
{
	l->used_ms = now_ms;
	if (!l->above)
		return;
	leave(l);
	list_append(&l->above->users, &l->node);
	l->above->count++;
}

static struct fair_share *line_of(struct fair_share *l)
{
	while (l->above)
		l = l->above;
	return l;
}

void fair_share_take(struct fair_share *l, uint64_t bytes, uint64_t now_ms)
{
	uint64_t room;
	set_share(l, now_ms);
	struct fair_share *from = lender(l, &room, now_ms);
	for (struct fair_share *at = l; at; at = at->above)
		note_use(at, now_ms);
	if (!from) /* none has room: the line goes into debt */
		from = line_of(l);
	for (; from; from = from->above)
		token_bucket_take(&from->bucket, bytes);
}

uint64_t fair_share_wait_ms(struct fair_share *l, uint64_t now_ms)
{
	uint64_t least = UINT64_MAX;
	set_share(l, now_ms);
	for (; l; l = l->above) {
		struct token_bucket *b = &l->bucket;
		uint64_t ms = token_bucket_wait_ms(b, token_bucket_piece(b), now_ms);
		least = ms < least ? ms : least;
	}
	return least;
}
