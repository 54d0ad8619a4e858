#include "relay/accounts/traffic_sums.h"

#include <stdio.h>
#include <string.h>

size_t traffic_sums_count(const struct buf *sums)
{
	return buf_len(sums) / sizeof(struct traffic_sum);
}

const struct traffic_sum *traffic_sums_at(const struct buf *sums, size_t i)
{
	return (const struct traffic_sum *)(const void *)buf_data(sums) + i;
}

void traffic_sums_put(struct buf *sums, const char *account, const char *agent, const char *mapping,
		      uint64_t bytes_in, uint64_t bytes_out)
{
	struct traffic_sum sum = {.bytes_in = bytes_in, .bytes_out = bytes_out};
	if (!bytes_in && !bytes_out)
		return;
	snprintf(sum.account, sizeof sum.account, "%s", account);
	snprintf(sum.agent, sizeof sum.agent, "%s", agent);
	snprintf(sum.mapping, sizeof sum.mapping, "%s", mapping);
	buf_put(sums, &sum, sizeof sum);
}

void traffic_sums_add(struct buf *sums, const char *account, const char *agent, const char *mapping,
		      uint64_t bytes_in, uint64_t bytes_out)
{
	struct traffic_sum *all = (struct traffic_sum *)(void *)buf_data(sums);
	size_t count = traffic_sums_count(sums);
	if (!all || count < TRAFFIC_SUMS_MOST) {
		traffic_sums_put(sums, account, agent, mapping, bytes_in, bytes_out);
		return;
	}
	for (size_t i = TRAFFIC_SUMS_MOST; i < count; i++) {
		if (strcmp(all[i].account, account) != 0)
			continue;
		all[i].bytes_in += bytes_in;
		all[i].bytes_out += bytes_out;
		return;
	}
	traffic_sums_put(sums, account, "", TRAFFIC_OTHER, bytes_in, bytes_out);
}
