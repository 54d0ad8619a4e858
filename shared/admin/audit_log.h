/*
 * Who changed what by the admin listener: a line in the log each, and the last AUDIT_LOG_KEPT in
 * memory, for a page.
 */
#ifndef GROUNDNUT_ADMIN_AUDIT_LOG_H
#define GROUNDNUT_ADMIN_AUDIT_LOG_H

#include "shared/base/json.h"

enum { AUDIT_LOG_KEPT = 200, AUDIT_LOG_TEXT = 1024 };

/* One change. Of longer texts the beginning is kept. */
struct audit_change {
	uint64_t at_ms;             /* UNIX time */
	const char *by;             /* "session", "token NAME", "link" */
	const char *from;           /* an address */
	const char *what;           /* "account added", … */
	const char *before, *after; /* NULL: there was nothing; there is nothing left */
};

struct audit_log;

struct audit_log *audit_log_new(void);
void audit_log_free(struct audit_log *a);
void audit_log_add(struct audit_log *a, const struct audit_change *c);
/* The member "audit", the newest first. */
void audit_log_write(const struct audit_log *a, struct json *w);

#endif
