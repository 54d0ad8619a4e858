/*
 * What one account uses, over all its agents and loops: its visitors, flows, bandwidth and memory.
 * It is counted: the registry and each agent hold a reference. Any thread.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_USAGE_H
#define GROUNDNUT_RELAY_ACCOUNTS_USAGE_H

#include "relay/accounts/quota.h"
#include "shared/base/memory_budget.h"
#include "shared/net/shaper.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct usage {
	atomic_uint connections, flows, mappings;
	atomic_uint guess_limiters;   /* of its mappings with a password, up to 1 MB each */
	atomic_uint_fast64_t told_ms; /* when the log was last told that it has all of something */
	atomic_uint_fast64_t declares_us; /* up to here its DECLAREs are paid for */
	atomic_uint_fast64_t lines;       /* the minute, and lines of the log wanted in it */
	atomic_uint_fast64_t events;      /* the same of events */
	struct shaper_whole *bandwidth;
	atomic_uint quota_level;                    /* enum quota_level */
	atomic_int_fast64_t quota_day;              /* when its quota begins anew */
	struct memory_budget_account send, receive; /* whose wholes the registry sets */
	atomic_uint refs;
};

/* bandwidth: bits a second each way; 0: no limit. line: of which it has a share, or NULL. One
 * reference is the caller's. */
struct usage *usage_new(uint64_t bandwidth, struct shaper_line *line);
struct usage *usage_ref(struct usage *u);
void usage_unref(struct usage *u); /* NULL does nothing */
/* A DECLARE of one of its agents: 0, and it is counted; or the milliseconds that it has to wait, as
 * more than rate a second came. Six seconds' worth may come at once. */
uint64_t usage_declare_wait_ms(struct usage *u, uint32_t rate, uint64_t now_ms);

/* One more line of the log about it, of which there are USAGE_LINES a minute: false when there were
 * that many. *left_out: so many were not told in the last minute with any, asked for the first time
 * since; else 0. */
bool usage_may_log(struct usage *u, uint64_t now_ms, unsigned *left_out);
enum { USAGE_LINES = 2000, USAGE_EVENTS = 6000 };
/* The same of events, of which there are USAGE_EVENTS a minute. */
bool usage_may_tell(struct usage *u, uint64_t now_ms);

/* It has used its quota, and is to be slow, or to have its mappings closed, till it is over. */
bool usage_is_slow(const struct usage *u, const struct quota *q);
bool usage_is_stopped(const struct usage *u, const struct quota *q);

/* It may not have more of something: whether the log is to be told, which it is once a minute. */
bool usage_is_news(struct usage *u, uint64_t now_ms);

#endif
