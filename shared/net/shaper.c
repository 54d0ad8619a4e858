#include "shared/net/shaper.h"

#include "shared/base/token_bucket.h"
#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include <stdatomic.h>
#include <uv.h>

enum { WAYS = 2, LEAST_WAIT_MS = 1, MOST_WAIT_MS = 100 };

struct shaper_whole {
	uv_mutex_t lock;
	atomic_uint refs;
	struct token_bucket buckets[WAYS];
};

struct shaper {
	struct loop *loop;
	struct token_bucket buckets[WAYS];
	struct shaper_whole *whole;
	struct list waiting[WAYS];
	struct timer *timer;
};

/* --- what loops share --- */

struct shaper_whole *shaper_whole_new(uint64_t bits_per_second)
{
	struct shaper_whole *w = mem_zalloc(sizeof *w);
	uv_mutex_init(&w->lock);
	atomic_store(&w->refs, 1);
	for (int i = 0; i < WAYS; i++)
		token_bucket_init_bandwidth(&w->buckets[i], bits_per_second, loop_clock_ms());
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
	wake(s, SHAPER_IN);
	wake(s, SHAPER_OUT);
}

struct shaper *shaper_new(struct loop *l, uint64_t bits_per_second, struct shaper_whole *whole)
{
	struct shaper *s = mem_zalloc(sizeof *s);
	s->loop = l;
	s->whole = whole ? whole_ref(whole) : NULL;
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
		s->whole = whole_ref(whole);
}

void shaper_free(struct shaper *s)
{
	if (!s)
		return;
	for (int i = 0; i < WAYS; i++)
		while (!list_is_empty(&s->waiting[i]))
			list_remove(s->waiting[i].next);
	timer_close(s->timer);
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
	return room < want ? (size_t)room : want;
}

void shaper_took(struct shaper *s, enum shaper_way way, size_t len)
{
	token_bucket_take(&s->buckets[way], len);
	if (s->whole)
		whole_take(s->whole, way, len);
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
	timer_set(s->timer, ms < LEAST_WAIT_MS  ? LEAST_WAIT_MS
			    : ms > MOST_WAIT_MS ? MOST_WAIT_MS
						: ms);
}

void shaper_forget(struct shaper_waiter *w)
{
	list_remove(&w->node);
}
