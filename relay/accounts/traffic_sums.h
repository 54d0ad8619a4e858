/* Bytes of mappings on their way from the loops to the book: a run of these in a buf. */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_TRAFFIC_SUMS_H
#define GROUNDNUT_RELAY_ACCOUNTS_TRAFFIC_SUMS_H

#include "shared/base/buf.h"

#define TRAFFIC_OTHER "other" /* in place of a mapping's name, where there are too many */

enum { TRAFFIC_NAME = 64 };

struct traffic_sum {
	char account[TRAFFIC_NAME], mapping[TRAFFIC_NAME];
	uint64_t bytes_in, bytes_out; /* toward home, and back */
};

/* Appends one; nothing when there are no bytes. */
void traffic_sums_put(struct buf *sums, const char *account, const char *mapping, uint64_t bytes_in,
		      uint64_t bytes_out);
/* The same, for a run that nobody collects for a while: behind TRAFFIC_SUMS_MOST there is one for
 * each account, with TRAFFIC_OTHER. */
void traffic_sums_add(struct buf *sums, const char *account, const char *mapping, uint64_t bytes_in,
		      uint64_t bytes_out);
enum { TRAFFIC_SUMS_MOST = 4096 };

size_t traffic_sums_count(const struct buf *sums);
const struct traffic_sum *traffic_sums_at(const struct buf *sums, size_t i);

#endif
