#include "relay/names/login_throttle.h"

#include "shared/base/mem.h"
#include "shared/base/random.h"

#include <string.h>

enum { WAYS = 8, TEXT = 63, V6_PREFIX = 7 };

static const char nobody[] = "\n";

/* A pair (account not empty) or a whole prefix (account empty). Who names no account is a pair,
 * too, under a name that is none. */
struct entry {
	uint8_t family;    /* 0: free */
	uint8_t prefix[8]; /* v4 whole, v6 /56 */
	char account[TEXT + 1];
	uint32_t failures;
	uint64_t open_ms; /* the next attempt is looked at from then on */
	uint64_t seen_ms;
	uint64_t right_ms; /* of a pair: when it was right, 0: never */
};

struct login_throttle {
	struct entry *entries; /* groups of WAYS; within one the longest unseen makes room */
	size_t groups;
	uint32_t seed;
};

struct login_throttle *login_throttle_new(size_t entries)
{
	struct login_throttle *t = mem_zalloc(sizeof(*t));
	t->groups = entries / WAYS ? entries / WAYS : 1;
	t->entries = mem_zalloc(t->groups * WAYS * sizeof(struct entry));
	t->seed = random_u32();
	return t;
}

void login_throttle_free(struct login_throttle *t)
{
	if (!t)
		return;
	mem_free(t->entries);
	mem_free(t);
}

static struct entry prefix_of(const struct addr *source)
{
	struct entry key = {.family = source->family};
	memcpy(key.prefix, source->ip, source->family == 4 ? 4 : V6_PREFIX);
	return key;
}

static struct entry pair_of(const struct addr *source, const char *account)
{
	struct entry key = prefix_of(source);
	if (!*account)
		account = nobody;
	for (size_t i = 0; i < TEXT && account[i]; i++)
		key.account[i] = account[i];
	return key;
}

static struct entry *lookup(struct login_throttle *t, const struct entry *key, uint64_t now_ms)
{
	uint32_t h = 2166136261u ^ t->seed;
	for (size_t i = 0; i < sizeof(key->prefix); i++)
		h = (h ^ key->prefix[i]) * 16777619u;
	for (const char *p = key->account; *p; p++)
		h = (h ^ (uint8_t)*p) * 16777619u;
	struct entry *group = &t->entries[(h ^ h >> 15) % t->groups * WAYS], *victim = group;
	for (struct entry *e = group; e < group + WAYS; e++) {
		if (e->family == key->family &&
		    !memcmp(e->prefix, key->prefix, sizeof(e->prefix)) &&
		    !strcmp(e->account, key->account)) {
			if (now_ms - e->seen_ms > LOGIN_THROTTLE_FORGET_MS)
				e->failures = 0, e->open_ms = 0;
			e->seen_ms = now_ms;
			return e;
		}
		if (victim->family && (!e->family || e->seen_ms < victim->seen_ms))
			victim = e;
	}
	*victim = *key;
	victim->seen_ms = now_ms;
	return victim;
}

static uint64_t delay_after(uint32_t failures, uint32_t free)
{
	if (failures < free)
		return 0;
	uint32_t doublings = failures - free;
	if (doublings > 20)
		return LOGIN_THROTTLE_LONGEST_MS;
	uint64_t ms = (uint64_t)LOGIN_THROTTLE_FIRST_MS << doublings;
	return ms < LOGIN_THROTTLE_LONGEST_MS ? ms : LOGIN_THROTTLE_LONGEST_MS;
}

static uint64_t count(struct entry *e, uint32_t free, uint64_t now_ms)
{
	uint64_t from = e->open_ms > now_ms ? e->open_ms : now_ms;
	e->failures++;
	e->open_ms = from + delay_after(e->failures, free);
	return from - now_ms;
}

static bool is_trusted(const struct entry *pair, uint64_t now_ms)
{
	return pair->right_ms && now_ms - pair->right_ms <= LOGIN_THROTTLE_FORGET_MS;
}

uint64_t login_throttle_admit(struct login_throttle *t, const struct addr *source,
			      const char *account, uint64_t now_ms)
{
	struct entry key = pair_of(source, account), whole = prefix_of(source);
	/* The prefix first: looking up the second may make room in the same group, but never at the
	 * place just used. */
	struct entry *prefix = lookup(t, &whole, now_ms);
	uint64_t prefix_wait = prefix->open_ms > now_ms ? prefix->open_ms - now_ms : 0;
	struct entry *pair = lookup(t, &key, now_ms);
	bool trusted = is_trusted(pair, now_ms);
	uint64_t wait = count(pair, LOGIN_THROTTLE_FREE_PAIR, now_ms);
	if (!trusted) {
		prefix = lookup(t, &whole, now_ms);
		count(prefix, LOGIN_THROTTLE_FREE_SOURCE, now_ms);
		wait = prefix_wait > wait ? prefix_wait : wait;
	}
	return wait;
}

void login_throttle_right(struct login_throttle *t, const struct addr *source, const char *account,
			  uint64_t now_ms)
{
	login_throttle_undo(t, source, account, now_ms);
	struct entry key = pair_of(source, account);
	struct entry *pair = lookup(t, &key, now_ms);
	pair->failures = 0;
	pair->open_ms = 0;
	pair->right_ms = now_ms ? now_ms : 1;
}

static void uncount(struct entry *e, uint32_t free, uint64_t now_ms)
{
	if (!e->failures)
		return;
	uint64_t back = delay_after(e->failures, free);
	e->failures--;
	e->open_ms = e->open_ms > now_ms + back ? e->open_ms - back : 0;
}

void login_throttle_undo(struct login_throttle *t, const struct addr *source, const char *account,
			 uint64_t now_ms)
{
	struct entry key = pair_of(source, account), whole = prefix_of(source);
	struct entry *pair = lookup(t, &key, now_ms);
	bool trusted = is_trusted(pair, now_ms);
	uncount(pair, LOGIN_THROTTLE_FREE_PAIR, now_ms);
	if (!trusted)
		uncount(lookup(t, &whole, now_ms), LOGIN_THROTTLE_FREE_SOURCE, now_ms);
}
