#include "relay/names/ddns_login_throttle.h"

#include "shared/base/mem.h"
#include "shared/base/rate_limiter.h"
#include "shared/base/source_table.h"

/* Attempts that name no account are a pair, too, under a name that is none. */
static const char no_account[] = "\n";

/* Of a pair (a prefix and an account), or of a whole prefix. */
struct attempts {
	uint32_t failures;
	uint64_t open_ms; /* the next attempt is looked at from then on */
	uint64_t seen_ms;
};

struct ddns_login_throttle {
	struct source_table *sources;
	/* When each pair was right. It is a table of its own, so that guesses push nobody out. */
	struct source_table *right;
	struct rate_limiter *networks; /* wrong ones by v4 /24 or v6 /48 */
};

struct ddns_login_throttle *ddns_login_throttle_new(size_t sources)
{
	struct ddns_login_throttle *t = mem_zalloc(sizeof(*t));
	t->sources = source_table_new(sources, sizeof(struct attempts));
	t->right = source_table_new(sources, sizeof(uint64_t));
	t->networks = rate_limiter_new(sources, DDNS_LOGIN_THROTTLE_NETWORK_RATE,
				       DDNS_LOGIN_THROTTLE_NETWORK_BURST);
	return t;
}

void ddns_login_throttle_free(struct ddns_login_throttle *t)
{
	if (!t)
		return;
	source_table_free(t->sources);
	source_table_free(t->right);
	rate_limiter_free(t->networks);
	mem_free(t);
}

static struct addr prefix_of(const struct addr *source)
{
	return addr_prefix(source, 32, 56);
}

/* Valid until the next call. account NULL: the whole prefix. */
static struct attempts *see(struct ddns_login_throttle *t, const struct addr *source,
			    const char *account, uint64_t now_ms)
{
	struct addr prefix = prefix_of(source);
	struct attempts *a =
	    source_table_see(t->sources, &prefix, account && !*account ? no_account : account);
	if (now_ms - a->seen_ms > DDNS_LOGIN_THROTTLE_FORGET_MS) {
		a->failures = 0;
		a->open_ms = 0;
	}
	a->seen_ms = now_ms;
	return a;
}

static uint64_t delay_after(uint32_t failures, uint32_t free)
{
	if (failures < free)
		return 0;
	uint32_t doublings = failures - free;
	if (doublings > 20)
		return DDNS_LOGIN_THROTTLE_LONGEST_MS;
	uint64_t ms = (uint64_t)DDNS_LOGIN_THROTTLE_FIRST_MS << doublings;
	return ms < DDNS_LOGIN_THROTTLE_LONGEST_MS ? ms : DDNS_LOGIN_THROTTLE_LONGEST_MS;
}

/* How long this one waits. */
static uint64_t count(struct attempts *a, uint32_t free, uint64_t now_ms)
{
	uint64_t from = a->open_ms > now_ms ? a->open_ms : now_ms;
	a->failures++;
	a->open_ms = from + delay_after(a->failures, free);
	return from - now_ms;
}

static void uncount(struct attempts *a, uint32_t free, uint64_t now_ms)
{
	if (!a->failures)
		return;
	uint64_t back = delay_after(a->failures, free);
	a->failures--;
	a->open_ms = a->open_ms > now_ms + back ? a->open_ms - back : 0;
}

static bool was_right(const struct ddns_login_throttle *t, const struct addr *source,
		      const char *account, uint64_t within_ms, uint64_t now_ms)
{
	struct addr prefix = prefix_of(source);
	const uint64_t *right_ms = source_table_get(t->right, &prefix, account);
	return right_ms && now_ms - *right_ms <= within_ms;
}

static bool is_trusted(const struct ddns_login_throttle *t, const struct addr *source,
		       const char *account, uint64_t now_ms)
{
	return was_right(t, source, account, DDNS_LOGIN_THROTTLE_TRUST_MS, now_ms);
}

bool ddns_login_throttle_is_proven(struct ddns_login_throttle *t, const struct addr *source,
				   const char *account, uint64_t now_ms)
{
	return was_right(t, source, account, DDNS_LOGIN_THROTTLE_PROVEN_MS, now_ms) &&
	       !see(t, source, account, now_ms)->failures;
}

uint64_t ddns_login_throttle_admit(struct ddns_login_throttle *t, const struct addr *source,
				   const char *account, uint64_t now_ms)
{
	uint64_t wait =
	    count(see(t, source, account, now_ms), DDNS_LOGIN_THROTTLE_FREE_PAIR, now_ms);
	if (is_trusted(t, source, account, now_ms))
		return wait;
	uint64_t whole =
	    count(see(t, source, NULL, now_ms), DDNS_LOGIN_THROTTLE_FREE_SOURCE, now_ms);
	struct addr network = addr_prefix(source, 24, 48);
	if (rate_limiter_is_over(t->networks, &network, now_ms))
		return DDNS_LOGIN_THROTTLE_LONGEST_MS;
	return whole > wait ? whole : wait;
}

void ddns_login_throttle_wrong(struct ddns_login_throttle *t, const struct addr *source,
			       uint64_t now_ms)
{
	struct addr network = addr_prefix(source, 24, 48);
	rate_limiter_count(t->networks, &network, now_ms);
}

void ddns_login_throttle_right(struct ddns_login_throttle *t, const struct addr *source,
			       const char *account, uint64_t now_ms)
{
	ddns_login_throttle_undo(t, source, account, now_ms);
	struct attempts *pair = see(t, source, account, now_ms);
	pair->failures = 0;
	pair->open_ms = 0;
	struct addr prefix = prefix_of(source);
	*(uint64_t *)source_table_see(t->right, &prefix, account) = now_ms;
}

void ddns_login_throttle_undo(struct ddns_login_throttle *t, const struct addr *source,
			      const char *account, uint64_t now_ms)
{
	uncount(see(t, source, account, now_ms), DDNS_LOGIN_THROTTLE_FREE_PAIR, now_ms);
	if (!is_trusted(t, source, account, now_ms))
		uncount(see(t, source, NULL, now_ms), DDNS_LOGIN_THROTTLE_FREE_SOURCE, now_ms);
}
