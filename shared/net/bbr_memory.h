/*
 * What bbr has known of a link's path, kept for when it forgets. It takes the best of its last ten
 * round trips for what the path carries. While few bytes move, most of these say nothing, and then
 * a single lost packet can end it: what is sent again counts as a full look at the path, and the
 * rate of those few bytes is believed. From there the next transfer climbs by a quarter in eight
 * round trips, for many seconds; a new connection would double in each. (Linux: net/ipv4, bbr's
 * filter of bandwidths, and how a rate sample is marked as limited by the application.)
 *
 * So what it believed while the link was full is remembered. When a transfer begins and bbr
 * believes in less than a quarter of it, or has ended its start on a link that has never been full,
 * it is to start anew.
 *
 * Pure; one for each link.
 */
#ifndef GROUNDNUT_NET_BBR_MEMORY_H
#define GROUNDNUT_NET_BBR_MEMORY_H

#include "shared/net/congestion_control.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	BBR_MEMORY_REST_MS = 200, /* not full for so long: what comes is a new transfer */
	/* full for so long, or until a start has ended, and what bbr has found is the truth */
	BBR_MEMORY_FALLS_MS = 10000,
};

struct bbr_memory {
	uint64_t rate;              /* bytes a second; 0: it was never seen full */
	uint64_t since_ms, full_ms; /* from when to when it was full last */
	bool started;               /* bbr has started since then, or was to */
};

void bbr_memory_init(struct bbr_memory *m);
bool bbr_memory_rested(const struct bbr_memory *m, uint64_t now_ms);
/* The link is full for the first time since it rested: has bbr forgotten? Then it is to start anew,
 * and what is remembered is halved: if the path has become slower, and is never full for long, that
 * ends after a few starts. */
bool bbr_memory_begin(struct bbr_memory *m, const struct bbr_estimate *now, uint64_t now_ms);
/* Now and then while it is full. */
void bbr_memory_full(struct bbr_memory *m, const struct bbr_estimate *now, uint64_t now_ms);

#endif
