/* The part of an agent that its doors use: account and name, the loop, the link, and what the
 * account uses. The agent embeds it. All functions run on the worker's loop. */
#ifndef GROUNDNUT_RELAY_DOORS_DOOR_OWNER_H
#define GROUNDNUT_RELAY_DOORS_DOOR_OWNER_H

#include "relay/accounts/accounts.h"
#include "relay/accounts/account_usage.h"
#include "relay/context.h"
#include "shared/base/bucket_queue.h"
#include "shared/net/transport.h"

struct door_owner {
	struct worker *worker;
	char *account, *agent; /* names */
	char *label;           /* "alice/nas" */
	struct account_usage *usage;
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

void door_owner_init(struct door_owner *t, struct worker *worker, const char *account,
		     const char *agent, struct account_usage *usage);
void door_owner_fini(struct door_owner *t);

/* The tenant's account, valid while the list is in force; NULL: the account was removed. */
const struct account *door_owner_account(const struct door_owner *t);
bool door_owner_is_attached(const struct door_owner *t);
/* Whether there may be one more log line about it; this keeps an account from filling the disk. */
bool door_owner_may_log(const struct door_owner *t);
/* Tells the main loop of an event, unless the account has had too many. Copies the texts; subject
 * and why may be NULL. repeated: as in struct event. */
void door_owner_tell(const struct door_owner *t, enum event_kind kind, const char *subject,
		     const char *why, bool repeated);
/* Counts one more visitor of the account if there is room; door_owner_leave() takes it off
 * again. */
bool door_owner_enter(struct door_owner *t);
void door_owner_leave(struct door_owner *t);
/* The same for flows. */
bool door_owner_enter_flow(struct door_owner *t);
void door_owner_leave_flow(struct door_owner *t);
/* The same for mappings. */
bool door_owner_enter_mapping(struct door_owner *t);
void door_owner_leave_mapping(struct door_owner *t);
/* The same for guess limiters of mappings with a password. */
bool door_owner_enter_guesses(struct door_owner *t);
void door_owner_leave_guesses(struct door_owner *t);
/* Returns quota_sentence() for the account; the caller frees it. NULL: there is nothing to say. */
char *door_owner_quota_sentence(const struct door_owner *t);
/* The account's bandwidth; NULL: it has no limit, and will have none when its quota is used. */
struct shaper_whole *door_owner_bandwidth(const struct door_owner *t);

#endif
