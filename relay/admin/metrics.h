/* What `GET /metrics` says, made of the status: the text format of Prometheus, version 0.0.4.
 * Labels are account, agent and mapping only. Pure. */
#ifndef GROUNDNUT_RELAY_ADMIN_METRICS_H
#define GROUNDNUT_RELAY_ADMIN_METRICS_H

#include "shared/base/buf.h"

#include <stdbool.h>

/* status: the status object as JSON. False: it is none. */
bool metrics_write(const char *status, size_t len, struct buf *out);

#endif
