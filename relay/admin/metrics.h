/* Turns the status into the answer to `GET /metrics`, in the text format of Prometheus, version
 * 0.0.4. The only labels are account, agent and mapping. Pure. */
#ifndef GROUNDNUT_RELAY_ADMIN_METRICS_H
#define GROUNDNUT_RELAY_ADMIN_METRICS_H

#include "shared/base/buf.h"

#include <stdbool.h>

/* status: the status object as JSON. Appends to out. False: status is no JSON object. */
bool metrics_write(const char *status, size_t len, struct buf *out);

#endif
