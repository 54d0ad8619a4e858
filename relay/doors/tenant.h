/* An agent as its doors see it: its account and name, the loop it lives on, the link to it, and
 * what its account may use. The agent embeds it. Everything here runs on the worker's loop. */
#ifndef GROUNDNUT_RELAY_DOORS_TENANT_H
#define GROUNDNUT_RELAY_DOORS_TENANT_H

#include "relay/accounts/accounts.h"
#include "relay/accounts/usage.h"
#include "relay/context.h"
#include "shared/net/transport.h"

struct tenant {
	struct worker *worker;
	char *account, *agent; /* names */
	char *label;           /* "alice/nas" */
	struct usage *usage;
	struct accounts *accounts;   /* the list in force on this loop; NULL: not known yet */
	struct transport *transport; /* NULL: no session */
	struct addr remote;          /* where the link comes from, or the last one came */
	struct list doors;           /* of its mappings */
};

void tenant_init(struct tenant *t, struct worker *worker, const char *account, const char *agent,
		 struct usage *usage);
void tenant_fini(struct tenant *t);

/* NULL: the account was removed. Valid while the list is in force. */
const struct account *tenant_account(const struct tenant *t);
bool tenant_is_attached(const struct tenant *t);
/* Whether there may be one more line of the log about it: an account cannot fill the disk. */
bool tenant_may_log(const struct tenant *t);
/* Something has happened to it: the main loop is told, unless the account has had too many events.
 * Texts are copied; subject, why: or NULL. repeated: as in struct event. */
void tenant_tell(const struct tenant *t, enum event_kind kind, const char *subject, const char *why,
		 bool repeated);
/* Counts one more visitor of the account, if there is room; tenant_leave() gives it back. */
bool tenant_enter(struct tenant *t);
void tenant_leave(struct tenant *t);
/* the same for flows */
bool tenant_enter_flow(struct tenant *t);
void tenant_leave_flow(struct tenant *t);
/* the same for mappings */
bool tenant_enter_mapping(struct tenant *t);
void tenant_leave_mapping(struct tenant *t);
/* the same for what counts guesses at a mapping's password */
bool tenant_enter_guesses(struct tenant *t);
void tenant_leave_guesses(struct tenant *t);
/* What is to be said of the account's quota; NULL: nothing. Freed by the caller. */
char *tenant_quota_sentence(const struct tenant *t);
/* The account's bandwidth; NULL: no limit, now or when its quota is used. */
struct shaper_whole *tenant_bandwidth(const struct tenant *t);

#endif
