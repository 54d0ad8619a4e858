/*
 * What one account uses, over all its agents and loops: its visitors, flows, bandwidth and memory.
 * It is counted: the registry and each agent hold a reference. Any thread.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_USAGE_H
#define GROUNDNUT_RELAY_ACCOUNTS_USAGE_H

#include "shared/base/memory_budget.h"
#include "shared/net/shaper.h"

#include <stdatomic.h>
#include <stdint.h>

struct usage {
	atomic_uint connections, flows;
	struct shaper_whole *bandwidth;
	struct memory_budget_account send, receive; /* whose wholes the registry sets */
	atomic_uint refs;
};

/* bandwidth: bits a second each way; 0: no limit. One reference is the caller's. */
struct usage *usage_new(uint64_t bandwidth);
struct usage *usage_ref(struct usage *u);
void usage_unref(struct usage *u); /* NULL does nothing */

#endif
