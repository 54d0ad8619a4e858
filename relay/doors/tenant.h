/* The part of an agent that its doors use: account and name, the loop, the link, and what the
 * account uses. The agent embeds it. All functions run on the worker's loop. */
#ifndef GROUNDNUT_RELAY_DOORS_TENANT_H
#define GROUNDNUT_RELAY_DOORS_TENANT_H

#include "relay/accounts/accounts.h"
#include "relay/accounts/usage.h"
#include "relay/context.h"
#include "shared/base/bucket_queue.h"
#include "shared/net/transport.h"

struct tenant {
	struct worker *worker;
	char *account, *agent; /* names */
	char *label;           /* "alice/nas" */
	struct usage *usage;
	struct accounts *accounts;   /* the list in force on this loop; NULL: not known yet */
	struct transport *transport; /* NULL: no session */
	/* the address of the link's other end, or of the last link's */
	struct addr remote;
	struct list doors; /* the doors of its mappings */
	/* the visitors of each door that may have to make room */
	struct bucket_queue slow_visitors;
	/* the doors with a guess limiter, the one that was asked longest ago first */
	struct list guess_limiters;
};

void tenant_init(struct tenant *t, struct worker *worker, const char *account, const char *agent,
		 struct usage *usage);
void tenant_fini(struct tenant *t);

/* The tenant's account, valid while the list is in force; NULL: the account was removed. */
const struct account *tenant_account(const struct tenant *t);
bool tenant_is_attached(const struct tenant *t);
/* Whether there may be one more log line about it; this keeps an account from filling the disk. */
bool tenant_may_log(const struct tenant *t);
/* Tells the main loop of an event, unless the account has had too many. Copies the texts; subject
 * and why may be NULL. repeated: as in struct event. */
void tenant_tell(const struct tenant *t, enum event_kind kind, const char *subject, const char *why,
		 bool repeated);
/* Counts one more visitor of the account if there is room; tenant_leave() takes it off again. */
bool tenant_enter(struct tenant *t);
void tenant_leave(struct tenant *t);
/* The same for flows. */
bool tenant_enter_flow(struct tenant *t);
void tenant_leave_flow(struct tenant *t);
/* The same for mappings. */
bool tenant_enter_mapping(struct tenant *t);
void tenant_leave_mapping(struct tenant *t);
/* The same for guess limiters of mappings with a password. */
bool tenant_enter_guesses(struct tenant *t);
void tenant_leave_guesses(struct tenant *t);
/* Returns quota_sentence() for the account; the caller frees it. NULL: there is nothing to say. */
char *tenant_quota_sentence(const struct tenant *t);
/* The account's bandwidth; NULL: it has no limit, and will have none when its quota is used. */
struct shaper_whole *tenant_bandwidth(const struct tenant *t);

#endif
