/*
 * Counts traffic. It keeps the bytes of each mapping by day in the state file, for this month and
 * TRAFFIC_MONTHS months before it, and knows how much of its quota each account has used. It asks
 * the loops for their counts every few seconds, and writes to the file once a minute. Main loop
 * only.
 *
 * Days and months are those of UTC. An account has at most TRAFFIC_NAMES mappings of their own name
 * in a month; the bytes of its further mappings are counted under TRAFFIC_OTHER.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_TRAFFIC_H
#define GROUNDNUT_RELAY_ACCOUNTS_TRAFFIC_H

#include "relay/accounts/accounts.h"
#include "relay/accounts/traffic_sums.h"
#include "relay/store.h"
#include "shared/base/json.h"

struct traffic;

enum {
	TRAFFIC_MONTHS = 13,
	TRAFFIC_NAMES = 2000,
	/* Rows in memory that are not in the file yet. When there are more (the file cannot be
	 * written), new rows are one for each account and day. */
	TRAFFIC_ROWS = 65536,
};

struct traffic_calls {
	void *owner;
	/* Asks the loops for their counts. One traffic_take() answers each call, later, in
	 * order. */
	void (*collect)(void *owner);
	/* The level of the account's traffic_quota() has changed, or the day of its next reset. */
	void (*changed)(void *owner, const char *account);
	/* The account has come to QUOTA_NEAR or QUOTA_USED. said: a sentence for the operator,
	 * valid during the call. Comes once for each change of the level, and not for the level
	 * that was reached before the start. */
	void (*tell)(void *owner, const char *account, enum quota_level level, const char *said);
};

/* Reads the file; blocking, for the start. The store must live longer. wall_ms: UNIX time. */
struct traffic *traffic_new(struct loop *l, struct store *store, const struct traffic_calls *calls,
			    uint64_t wall_ms);
/* Gives the store what is not written yet. Each settle that still waits is answered with written
 * false. NULL does nothing. */
void traffic_free(struct traffic *t);
/* Takes a reference. Judges the quotas of all accounts anew. */
void traffic_set_accounts(struct traffic *t, struct accounts *accounts);
/* The answer to collect: a run of traffic_sums.h. wall_ms: UNIX time; a new day, and a new month of
 * a quota, begin here. */
void traffic_take(struct traffic *t, const struct buf *sums, uint64_t wall_ms);
/* Calls collect, then writes. fn comes once: with written true when the bytes that moved before
 * this call are durable in the file, with false when they cannot be written. */
typedef void traffic_settled_fn(void *arg, bool written);
void traffic_settle(struct traffic *t, traffic_settled_fn *fn, void *arg);

struct traffic_quota {
	enum quota_level level;
	uint64_t used;       /* in this month of the quota */
	int64_t begin, next; /* its first day, and that of the next */
};
/* All zero when the account has no quota, or t is NULL. */
struct traffic_quota traffic_quota(const struct traffic *t, const char *account);

/* The day of the last traffic_take(), or of the start. */
int64_t traffic_today(const struct traffic *t);
/* Writes the member "quotas": a list of the accounts that have a quota. It is empty for NULL. */
void traffic_status(const struct traffic *t, struct json *w);
/* As traffic_rates_write(), up to the last traffic_take(). */
void traffic_write_rates(const struct traffic *t, const char *account, const char *agent,
			 const char *mapping, struct json *w);
/* Writes an array: the bytes of each account in this calendar month, and its quota. Accounts
 * without bytes and quota are left out. */
void traffic_write_accounts(const struct traffic *t, struct json *w);

#endif
