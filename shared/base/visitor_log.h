/*
 * The log of visitors: a line for each visitor that leaves, if the operator wants that ("log" in
 * relay.json and agent.json). Programs that watch logs, such as fail2ban, read these lines.
 */
#ifndef GROUNDNUT_BASE_VISITOR_LOG_H
#define GROUNDNUT_BASE_VISITOR_LOG_H

#include "shared/base/addr.h"
#include "shared/base/conf.h"

struct visitor_end {
	const char *mapping;
	/* at the relay the owner of the mapping, "alice/nas"; at the agent NULL */
	const char *agent;
	const struct addr *visitor;   /* its address; the port is not logged */
	uint64_t bytes_in, bytes_out; /* toward home, and back */
	uint64_t duration_ms;
	const char *why;
};

/* Reads the member "log" of a file; both are false when it is absent. requests: whether there is a
 * log of requests (request_log.h). */
void visitor_log_read(struct conf_at root, bool *visitors, bool *requests);
/* Writes the line. */
void visitor_log_end(const struct visitor_end *e);

#endif
