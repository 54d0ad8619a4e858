/* Counts of bytes on their way from the loops to traffic.h: an array of traffic_sum in a buf. */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_TRAFFIC_SUMS_H
#define GROUNDNUT_RELAY_ACCOUNTS_TRAFFIC_SUMS_H

#include "shared/base/buf.h"

#define TRAFFIC_OTHER "other" /* in place of a mapping's name, where there are too many */

enum { TRAFFIC_NAME = 64 };

struct traffic_sum {
	char account[TRAFFIC_NAME], agent[TRAFFIC_NAME], mapping[TRAFFIC_NAME];
	uint64_t bytes_in, bytes_out; /* toward home, and back */
};

/* Appends one count. Does nothing when both are 0. */
void traffic_sums_put(struct buf *sums, const char *account, const char *agent, const char *mapping,
		      uint64_t bytes_in, uint64_t bytes_out);
/* As traffic_sums_put(), for an array that may wait long for its reader. After the first
 * TRAFFIC_SUMS_MOST counts, each account has one more, under TRAFFIC_OTHER and without an agent. */
void traffic_sums_add(struct buf *sums, const char *account, const char *agent, const char *mapping,
		      uint64_t bytes_in, uint64_t bytes_out);
enum { TRAFFIC_SUMS_MOST = 4096 };

size_t traffic_sums_count(const struct buf *sums);
const struct traffic_sum *traffic_sums_at(const struct buf *sums, size_t i);

#endif
