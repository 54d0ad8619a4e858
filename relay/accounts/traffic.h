/*
 * The book of traffic: what each mapping has carried, by day, for TRAFFIC_MONTHS months in the
 * state file; and how much of their quota the accounts have used. The loops are asked for their
 * counts every few seconds, the file gets what came once a minute. Main loop only.
 *
 * The months and days are those of UTC. Of an account at most TRAFFIC_NAMES mappings are kept apart
 * a month, the others are TRAFFIC_OTHER.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_TRAFFIC_H
#define GROUNDNUT_RELAY_ACCOUNTS_TRAFFIC_H

#include "relay/accounts/accounts.h"
#include "relay/accounts/traffic_sums.h"
#include "relay/store.h"
#include "shared/base/json.h"

struct traffic;

enum {
	TRAFFIC_MONTHS = 13, /* before this one */
	TRAFFIC_NAMES = 2000,
	/* rows that wait for the file; beyond (it cannot be written) there is one for each account
	 * and day */
	TRAFFIC_ROWS = 65536,
};

struct traffic_calls {
	void *owner;
	/* Asks the loops what has moved; each call is answered by one traffic_take(), in order. */
	void (*collect)(void *owner);
	/* What traffic_quota() says of an account has changed. */
	void (*changed)(void *owner, const char *account);
	/* It is near its quota now, or has used it: what is to be said of that, once. */
	void (*tell)(void *owner, const char *account, enum quota_level level, const char *said);
};

/* Blocking, for the start: reads the file. */
struct traffic *traffic_new(struct loop *l, struct store *store, const struct traffic_calls *calls,
			    uint64_t wall_ms);
/* Writes the rest; who waits is told that it is not written. NULL does nothing. */
void traffic_free(struct traffic *t);
/* A reference is taken. */
void traffic_set_accounts(struct traffic *t, struct accounts *accounts);
/* What the loops say. wall_ms: UNIX time; a new day, and a new month of a quota, begin here. */
void traffic_take(struct traffic *t, const struct buf *sums, uint64_t wall_ms);
/* Asks the loops and writes; fn comes once, when what has moved until now is in the file, or could
 * not be written. */
typedef void traffic_settled_fn(void *arg, bool written);
void traffic_settle(struct traffic *t, traffic_settled_fn *fn, void *arg);

struct traffic_quota {
	enum quota_level level;
	uint64_t used;       /* in this month of the quota */
	int64_t begin, next; /* its first day, and that of the next */
};
/* All zero without a quota. t may be NULL. */
struct traffic_quota traffic_quota(const struct traffic *t, const char *account);

int64_t traffic_today(const struct traffic *t);
/* "quotas": a list of the accounts that have one. */
void traffic_status(const struct traffic *t, struct json *w);
/* An array: what each account has carried in this calendar month, and its quota. */
void traffic_write_accounts(const struct traffic *t, struct json *w);

#endif
