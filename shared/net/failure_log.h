/*
 * The log of what strangers do wrong: the first few of a kind within a minute are a line each, of
 * the others a summary follows (failure_summary.h). One thread, a leaf.
 */
#ifndef GROUNDNUT_NET_FAILURE_LOG_H
#define GROUNDNUT_NET_FAILURE_LOG_H

#include "shared/base/addr.h"
#include "shared/net/loop.h"

struct failure_log;

struct failure_log *failure_log_new(struct loop *l);
void failure_log_close(struct failure_log *f); /* says what it has counted */
/* True: the caller logs the event in full; else it is counted. event: a constant. */
bool failure_log_count(struct failure_log *f, const char *event, const struct addr *from,
		       const char *why);

#endif
