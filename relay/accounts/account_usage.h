/*
 * What one account uses on all loops together: connections, flows, mappings, bandwidth, memory, log
 * lines and events. It counts its references: the registry and each agent hold one. Any thread.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_ACCOUNT_USAGE_H
#define GROUNDNUT_RELAY_ACCOUNTS_ACCOUNT_USAGE_H

#include "relay/accounts/quota.h"
#include "shared/base/memory_budget.h"
#include "shared/net/shaper.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct account_usage {
	atomic_uint connections, flows, mappings;
	atomic_uint guess_limiters;       /* of its mappings with a password, up to 1 MB each */
	atomic_uint_fast64_t told_ms;     /* when account_usage_is_news() last said yes; 0: never */
	atomic_uint_fast64_t declares_us; /* its DECLAREs use up the rate until this time */
	atomic_uint_fast64_t lines;       /* a minute's number, and the log lines asked for in it */
	atomic_uint_fast64_t events;      /* the same for events */
	struct shaper_whole *bandwidth;
	atomic_uint quota_level;                    /* enum quota_level */
	atomic_int_fast64_t quota_day;              /* the day on which its quota begins anew */
	struct memory_budget_account send, receive; /* the registry sets their wholes */
	atomic_uint refs;
};

/* bandwidth: bits a second each way; 0: no limit. line: the line of which it gets a share, or NULL.
 * The caller has one reference. */
struct account_usage *account_usage_new(uint64_t bandwidth, struct shaper_line *line);
struct account_usage *account_usage_ref(struct account_usage *u);
void account_usage_unref(struct account_usage *u); /* NULL does nothing */
/* Asks whether a DECLARE of one of its agents may come now. Returns 0 and counts it, or returns the
 * milliseconds that it must wait because more than rate a second came. rate: at least 1. The
 * DECLAREs of six seconds may come at once. */
uint64_t account_usage_declare_wait_ms(struct account_usage *u, uint32_t rate, uint64_t now_ms);

/* Asks for one more log line about the account. False: this minute has had ACCOUNT_USAGE_LINES
 * already. *left_out: on the first call in a minute, the number of lines that were refused in
 * the last minute that had any call; else 0. */
bool account_usage_may_log(struct account_usage *u, uint64_t now_ms, unsigned *left_out);
enum { ACCOUNT_USAGE_LINES = 2000, ACCOUNT_USAGE_EVENTS = 6000 };
/* Asks for one more event about the account. False: this minute has had ACCOUNT_USAGE_EVENTS
 * already. */
bool account_usage_may_tell(struct account_usage *u, uint64_t now_ms);

/* Whether the account has used its quota, and q says that it is slow then, or stopped. */
bool account_usage_is_slow(const struct account_usage *u, const struct quota *q);
bool account_usage_is_stopped(const struct account_usage *u, const struct quota *q);

/* Whether the log may say that the account has reached a limit: true at most once a minute. */
bool account_usage_is_news(struct account_usage *u, uint64_t now_ms);

#endif
