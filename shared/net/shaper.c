/*
 * A shaper's bytes pass up to four buckets: its own, its whole's, and of the line its own share and
 * its whole's (fair_share), for which the line's mutex is held. Who gets no room waits in a list of
 * its way; one timer wakes both lists when the fullest of the empty buckets holds a worthwhile
 * piece, and whoever gets nothing then waits again behind the others.
 */
#include "shared/net/shaper.h"

#include "shared/base/fair_share.h"
#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include <stdatomic.h>
#include <uv.h>

enum { WAYS = 2, LEAST_WAIT_MS = 1, MOST_WAIT_MS = 100 };

/* what the line carries beside our bytes: headers, TLS, acknowledgements */
enum { LINE_PIECE = 64, LINE_PARTS = 16 };

struct shaper_line {
	uv_mutex_t lock; /* of all shares, too */
	atomic_uint refs;
	struct fair_share line;
};

struct shaper_whole {
	uv_mutex_t lock;
	atomic_uint refs;
	struct token_bucket buckets[WAYS];
	struct shaper_line *line; /* NULL: none */
	struct fair_share share;
};

struct shaper {
	struct loop *loop;
	struct token_bucket buckets[WAYS];
	struct shaper_whole *whole;
	struct fair_share share; /* of the whole's, if that has one */
	struct list waiting[WAYS];
	struct timer *timer;
	enum shaper_way first; /* was woken first */
};

/* --- the line --- */

struct shaper_line *shaper_line_new(uint64_t bits_per_second)
{
	struct shaper_line *l = mem_zalloc(sizeof *l);
	uv_mutex_init(&l->lock);
	atomic_store(&l->refs, 1);
	fair_share_init(&l->line, NULL, bits_per_second, loop_clock_ms());
	return l;
}

void shaper_line_change(struct shaper_line *l, uint64_t bits_per_second)
{
	uv_mutex_lock(&l->lock);
	fair_share_change(&l->line, bits_per_second, loop_clock_ms());
	uv_mutex_unlock(&l->lock);
}

void shaper_line_unref(struct shaper_line *l)
{
	if (!l || atomic_fetch_sub(&l->refs, 1) != 1)
		return;
	uv_mutex_destroy(&l->lock);
	mem_free(l);
}

static void share_begin(struct shaper_line *l, struct fair_share *share, struct fair_share *above)
{
	uv_mutex_lock(&l->lock);
	fair_share_init(share, above, 0, loop_clock_ms());
	uv_mutex_unlock(&l->lock);
}

static void share_end(struct shaper_line *l, struct fair_share *share)
{
	uv_mutex_lock(&l->lock);
	fair_share_fini(share);
	uv_mutex_unlock(&l->lock);
}

static uint64_t share_room(struct shaper_line *l, struct fair_share *share)
{
	uv_mutex_lock(&l->lock);
	uint64_t room = fair_share_room(share, loop_clock_ms());
	uv_mutex_unlock(&l->lock);
	if (room == UINT64_MAX)
		return room;
	return room > LINE_PIECE ? (room - LINE_PIECE) / (LINE_PARTS + 1) * LINE_PARTS : 0;
}

static void share_take(struct shaper_line *l, struct fair_share *share, size_t len)
{
	uv_mutex_lock(&l->lock);
	fair_share_take(share, len + len / LINE_PARTS + LINE_PIECE, loop_clock_ms());
	uv_mutex_unlock(&l->lock);
}

static uint64_t share_wait(struct shaper_line *l, struct fair_share *share)
{
	uv_mutex_lock(&l->lock);
	uint64_t ms = fair_share_wait_ms(share, loop_clock_ms());
	uv_mutex_unlock(&l->lock);
	return ms;
}

/* --- what loops share --- */

struct shaper_whole *shaper_whole_new(uint64_t bits_per_second, struct shaper_line *line)
{
	struct shaper_whole *w = mem_zalloc(sizeof *w);
	uv_mutex_init(&w->lock);
	atomic_store(&w->refs, 1);
	for (int i = 0; i < WAYS; i++)
		token_bucket_init_bandwidth(&w->buckets[i], bits_per_second, loop_clock_ms());
	if (line) {
		atomic_fetch_add(&line->refs, 1);
		w->line = line;
		share_begin(line, &w->share, &line->line);
	}
	return w;
}

void shaper_whole_change(struct shaper_whole *w, uint64_t bits_per_second)
{
	uv_mutex_lock(&w->lock);
	for (int i = 0; i < WAYS; i++)
		token_bucket_change_bandwidth(&w->buckets[i], bits_per_second, loop_clock_ms());
	uv_mutex_unlock(&w->lock);
}

static struct shaper_whole *whole_ref(struct shaper_whole *w)
{
	atomic_fetch_add(&w->refs, 1);
	return w;
}

void shaper_whole_unref(struct shaper_whole *w)
{
	if (!w || atomic_fetch_sub(&w->refs, 1) != 1)
		return;
	if (w->line)
		share_end(w->line, &w->share);
	shaper_line_unref(w->line);
	uv_mutex_destroy(&w->lock);
	mem_free(w);
}

static uint64_t whole_room(struct shaper_whole *w, enum shaper_way way)
{
	uv_mutex_lock(&w->lock);
	uint64_t room = token_bucket_room(&w->buckets[way], loop_clock_ms());
	uv_mutex_unlock(&w->lock);
	return room;
}

static void whole_take(struct shaper_whole *w, enum shaper_way way, size_t len)
{
	uv_mutex_lock(&w->lock);
	token_bucket_take(&w->buckets[way], len);
	uv_mutex_unlock(&w->lock);
}

static uint64_t whole_wait(struct shaper_whole *w, enum shaper_way way)
{
	uv_mutex_lock(&w->lock);
	struct token_bucket *b = &w->buckets[way];
	uint64_t ms = token_bucket_wait_ms(b, token_bucket_piece(b), loop_clock_ms());
	uv_mutex_unlock(&w->lock);
	return ms;
}

/* --- one mapping's --- */

static void wake(struct shaper *s, enum shaper_way way)
{
	struct list round = {&round, &round};
	while (!list_is_empty(&s->waiting[way])) {
		struct list *node = s->waiting[way].next;
		list_remove(node);
		list_append(&round, node);
	}
	while (!list_is_empty(&round)) { /* each may wait again, behind the others */
		struct shaper_waiter *w = LIST_ENTRY(round.next, struct shaper_waiter, node);
		list_remove(&w->node);
		w->fn(w->arg);
	}
}

static void on_timer(void *owner)
{
	struct shaper *s = owner;
	/* each way begins in turn: where both use one line, the first gets what there is */
	s->first = s->first == SHAPER_IN ? SHAPER_OUT : SHAPER_IN;
	wake(s, s->first);
	wake(s, s->first == SHAPER_IN ? SHAPER_OUT : SHAPER_IN);
}

/* its own part of the line, if there is one */
static struct shaper_line *line_of(const struct shaper *s)
{
	return s->whole ? s->whole->line : NULL;
}

static void set_whole(struct shaper *s, struct shaper_whole *whole)
{
	s->whole = whole_ref(whole);
	if (line_of(s))
		share_begin(line_of(s), &s->share, &whole->share);
}

struct shaper *shaper_new(struct loop *l, uint64_t bits_per_second, struct shaper_whole *whole)
{
	struct shaper *s = mem_zalloc(sizeof *s);
	s->loop = l;
	if (whole)
		set_whole(s, whole);
	s->timer = timer_new(l, on_timer, s);
	for (int i = 0; i < WAYS; i++) {
		token_bucket_init_bandwidth(&s->buckets[i], bits_per_second, loop_clock_ms());
		list_init(&s->waiting[i]);
	}
	return s;
}

void shaper_change(struct shaper *s, uint64_t bits_per_second)
{
	for (int i = 0; i < WAYS; i++)
		token_bucket_change_bandwidth(&s->buckets[i], bits_per_second, loop_clock_ms());
}

void shaper_stand_below(struct shaper *s, struct shaper_whole *whole)
{
	if (!s->whole)
		set_whole(s, whole);
}

void shaper_free(struct shaper *s)
{
	if (!s)
		return;
	for (int i = 0; i < WAYS; i++)
		while (!list_is_empty(&s->waiting[i]))
			list_remove(s->waiting[i].next);
	timer_close(s->timer);
	if (line_of(s))
		share_end(line_of(s), &s->share);
	shaper_whole_unref(s->whole);
	mem_free(s);
}

size_t shaper_room(struct shaper *s, enum shaper_way way, size_t want)
{
	uint64_t room = token_bucket_room(&s->buckets[way], loop_clock_ms());
	if (s->whole && room) {
		uint64_t all = whole_room(s->whole, way);
		room = all < room ? all : room;
	}
	if (line_of(s) && room) {
		uint64_t share = share_room(line_of(s), &s->share);
		room = share < room ? share : room;
	}
	return room < want ? (size_t)room : want;
}

void shaper_took(struct shaper *s, enum shaper_way way, size_t len)
{
	token_bucket_take(&s->buckets[way], len);
	if (s->whole)
		whole_take(s->whole, way, len);
	if (line_of(s))
		share_take(line_of(s), &s->share, len);
}

void shaper_wait(struct shaper *s, enum shaper_way way, struct shaper_waiter *w)
{
	if (list_is_empty(&w->node))
		list_append(&s->waiting[way], &w->node);
	if (timer_is_set(s->timer))
		return;
	struct token_bucket *b = &s->buckets[way];
	uint64_t ms = token_bucket_wait_ms(b, token_bucket_piece(b), loop_clock_ms());
	uint64_t all = s->whole ? whole_wait(s->whole, way) : 0;
	ms = all > ms ? all : ms;
	uint64_t share = line_of(s) ? share_wait(line_of(s), &s->share) : 0;
	ms = share > ms ? share : ms;
	timer_set(s->timer, ms < LEAST_WAIT_MS  ? LEAST_WAIT_MS
			    : ms > MOST_WAIT_MS ? MOST_WAIT_MS
						: ms);
}

void shaper_forget(struct shaper_waiter *w)
{
	list_remove(&w->node);
}
