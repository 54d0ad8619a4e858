/*
 * Writes the traffic of some days from the state file, as JSON or CSV. It opens its own read-only
 * connection to the file, so the store's batches do not wait for it.
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
	struct buf *accounts; /* the JSON of the document's member "accounts"; not for CSV */
};

/* Appends the document to out. Returns NULL, or a static text that says why there is none; out may
 * then hold a part. At most TRAFFIC_REPORT_ROWS rows. Blocking; may run on any thread. */
const char *traffic_report_write(const struct traffic_report *r, struct buf *out);

#endif
