#include "shared/base/rate_limiter.h"

#include "shared/base/token_bucket.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"

#include <assert.h>
#include <string.h>

enum { FIRST_SLOTS = 64 };

struct source {
	struct source *next; /* in its slot */
	struct list recent;  /* on rate_table.idle while held is 0 */
	uint64_t key[2];     /* the prefix; with the family in the bits that a prefix leaves zero */
	struct token_bucket bucket;
	uint32_t held;
	struct list holders; /* the caller's, while held is not 0 */
};

struct rate_limiter {
	struct source **slots; /* a power of two */
	size_t slot_count;
	size_t size;
	size_t max;
	uint64_t rate, burst;
	struct list idle;   /* sources that hold nothing, the one seen longest ago first */
	uint64_t secret[2]; /* strangers choose the keys; they may not choose the slots */
};

static void key_of(const struct addr *a, uint64_t key[2])
{
	struct addr s = addr_source(a);
	key[0] = key[1] = 0;
	memcpy(key, s.ip, s.family == 4 ? 4 : 16);
	key[1] ^= s.family;
}

static uint64_t stir(uint64_t x)
{
	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}

static struct source **slot_of(const struct rate_limiter *t, const uint64_t key[2])
{
	uint64_t h = stir(stir(key[0] ^ t->secret[0]) + key[1] + t->secret[1]);
	return &t->slots[h & (t->slot_count - 1)];
}

static struct source *find(const struct rate_limiter *t, const struct addr *a)
{
	uint64_t key[2];
	key_of(a, key);
	struct source *s = *slot_of(t, key);
	while (s && (s->key[0] != key[0] || s->key[1] != key[1]))
		s = s->next;
	return s;
}

static void grow(struct rate_limiter *t)
{
	struct source **old = t->slots;
	size_t count = t->slot_count;
	t->slot_count = count * 2;
	t->slots = mem_zalloc(t->slot_count * sizeof(*t->slots));
	for (size_t i = 0; i < count; i++) {
		for (struct source *s = old[i], *next; s; s = next) {
			struct source **slot = slot_of(t, s->key);
			next = s->next;
			s->next = *slot;
			*slot = s;
		}
	}
	mem_free(old);
}

static void forget(struct rate_limiter *t, struct source *s)
{
	struct source **at = slot_of(t, s->key);
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	list_remove(&s->recent);
	mem_free(s);
	t->size--;
}

static struct source *add(struct rate_limiter *t, const struct addr *a, uint64_t now_ms)
{
	if (t->size == t->max) {
		if (list_is_empty(&t->idle))
			return NULL;
		forget(t, LIST_ENTRY(t->idle.next, struct source, recent));
	}
	if (t->size == t->slot_count)
		grow(t);
	struct source *s = mem_zalloc(sizeof(*s));
	key_of(a, s->key);
	token_bucket_init(&s->bucket, t->rate, t->burst, now_ms);
	list_init(&s->holders);
	list_append(&t->idle, &s->recent);
	struct source **slot = slot_of(t, s->key);
	s->next = *slot;
	*slot = s;
	t->size++;
	return s;
}

/* The source, known from now on and just seen; NULL when every place is taken by one that holds
 * something. */
static struct source *see(struct rate_limiter *t, const struct addr *a, uint64_t now_ms)
{
	struct source *s = find(t, a);
	if (!s)
		return add(t, a, now_ms);
	if (!s->held) {
		list_remove(&s->recent);
		list_append(&t->idle, &s->recent);
	}
	if (s->bucket.rate != t->rate || s->bucket.burst != (t->burst ? t->burst : 1))
		token_bucket_change(&s->bucket, t->rate, t->burst, now_ms);
	return s;
}

struct rate_limiter *rate_limiter_new(size_t max, uint64_t rate, uint64_t burst)
{
	assert(max);
	struct rate_limiter *t = mem_zalloc(sizeof(*t));
	t->max = max;
	t->rate = rate;
	t->burst = burst;
	t->slot_count = FIRST_SLOTS;
	t->slots = mem_zalloc(t->slot_count * sizeof(*t->slots));
	list_init(&t->idle);
	random_bytes(t->secret, sizeof(t->secret));
	return t;
}

void rate_limiter_free(struct rate_limiter *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->slot_count; i++) {
		for (struct source *s = t->slots[i], *next; s; s = next) {
			next = s->next;
			mem_free(s);
		}
	}
	mem_free(t->slots);
	mem_free(t);
}

void rate_limiter_change(struct rate_limiter *t, uint64_t rate, uint64_t burst)
{
	t->rate = rate;
	t->burst = burst;
}

bool rate_limiter_try(struct rate_limiter *t, const struct addr *source, uint64_t now_ms)
{
	struct source *s = see(t, source, now_ms);
	return s && token_bucket_try(&s->bucket, 1, now_ms);
}

bool rate_limiter_is_over(struct rate_limiter *t, const struct addr *source, uint64_t now_ms)
{
	struct source *s = find(t, source);
	return s && token_bucket_room(&s->bucket, now_ms) < 1;
}

void rate_limiter_count(struct rate_limiter *t, const struct addr *source, uint64_t now_ms)
{
	struct source *s = see(t, source, now_ms);
	/* Not below empty: many failures that were under way together must not shut a carrier's
	 * homes out for minutes. */
	if (s)
		token_bucket_try(&s->bucket, 1, now_ms);
}

void rate_limiter_forgive(struct rate_limiter *t, const struct addr *source, uint64_t failures,
			  uint64_t now_ms)
{
	struct source *s = find(t, source);
	if (s)
		token_bucket_give(&s->bucket, failures, now_ms);
}

bool rate_limiter_hold(struct rate_limiter *t, const struct addr *source, uint32_t limit,
		       uint64_t now_ms)
{
	struct source *s = see(t, source, now_ms);
	if (!s || s->held >= limit)
		return false;
	if (!s->held++)
		list_remove(&s->recent);
	return true;
}

void rate_limiter_release(struct rate_limiter *t, const struct addr *source)
{
	struct source *s = find(t, source);
	assert(s && s->held);
	if (--s->held)
		return;
	assert(list_is_empty(&s->holders));
	list_append(&t->idle, &s->recent);
}

struct list *rate_limiter_holders(struct rate_limiter *t, const struct addr *source)
{
	struct source *s = find(t, source);
	return s && s->held ? &s->holders : NULL;
}

uint32_t rate_limiter_held(struct rate_limiter *t, const struct addr *source)
{
	struct source *s = find(t, source);
	return s ? s->held : 0;
}

size_t rate_limiter_size(const struct rate_limiter *t)
{
	return t->size;
}
