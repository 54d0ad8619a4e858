/*
 * The changes that came by the admin listener, and who made them. Each is a line in the log, and
 * the last AUDIT_LOG_KEPT are kept in memory for the dashboard.
 */
#ifndef GROUNDNUT_ADMIN_AUDIT_LOG_H
#define GROUNDNUT_ADMIN_AUDIT_LOG_H

#include "shared/base/json.h"

enum { AUDIT_LOG_KEPT = 200, AUDIT_LOG_TEXT = 1024 };

/* One change. The texts are copied, at most the first AUDIT_LOG_TEXT bytes of each. */
struct audit_change {
	uint64_t at_ms;             /* UNIX time */
	const char *by;             /* "session", "token NAME" */
	const char *from;           /* an address */
	const char *what;           /* "account_added", … */
	const char *before, *after; /* NULL: there was nothing before; there is nothing after */
};

struct audit_log;

struct audit_log *audit_log_new(void);
void audit_log_free(struct audit_log *a);
void audit_log_add(struct audit_log *a, const struct audit_change *c);
/* Writes the member "audit": an array, the newest change first. */
void audit_log_write(const struct audit_log *a, struct json *w);

#endif
