/*
 * The traffic of some days as the state file has it, as JSON or CSV. It reads with a connection of
 * its own, so that batches do not wait.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_TRAFFIC_REPORT_H
#define GROUNDNUT_RELAY_ACCOUNTS_TRAFFIC_REPORT_H

#include "relay/accounts/traffic_sums.h"

#include <stdbool.h>

enum { TRAFFIC_REPORT_ROWS = 100000 };

enum traffic_report_by { TRAFFIC_BY_DAY, TRAFFIC_BY_ACCOUNT, TRAFFIC_BY_MAPPING };

struct traffic_report {
	const char *path;                                  /* of the state file */
	int64_t from, to;                                  /* days, both included */
	char account[TRAFFIC_NAME], mapping[TRAFFIC_NAME]; /* only of these; "": of all */
	enum traffic_report_by by;
	bool csv;
	struct buf *accounts; /* JSON: what becomes its member "accounts" */
};

/* Blocking. NULL, and out is the document; or why there is none, static. */
const char *traffic_report_write(const struct traffic_report *r, struct buf *out);

#endif
