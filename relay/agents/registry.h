/*
 * Every home there is, by account and agent: which loop each was given to, claimed by its first
 * HELLO and kept until it has ended. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_REGISTRY_H
#define GROUNDNUT_RELAY_AGENTS_REGISTRY_H

#include "relay/accounts/accounts.h"
#include "relay/agents/agent.h"

struct registry;

enum { REGISTRY_EACH = 1024 }; /* of one account, also those that are detached */

struct registry *registry_new(struct context *world, struct accounts *accounts);
/* All homes must have been stopped: to be called when the workers' loops have been told to end. */
void registry_free(struct registry *a);

struct accounts *registry_accounts(struct registry *a);
/* Is the host an account's that has no agent here now? */
bool registry_would_serve(const struct registry *a, const char *host);
/* The new list is in force: removed accounts are cut off, the others checked again. Takes its own
 * reference. */
void registry_set_accounts(struct registry *a, struct accounts *accounts);
/* Every worker gets the configuration that is in force. Before registry_set_accounts, which then
 * has all doors judged by it. */
void registry_set_config(struct registry *a, struct relay_config *config);
/* Whether the account may have this agent: it has it already, or not all it may have. */
bool registry_has_room(const struct registry *a, const char *account, const char *agent);
/* A HELLO whose token fits goes to its home; the parcel and early go along. */
void registry_greet(struct registry *a, struct io_parcel *parcel, const struct hello *hello,
		    struct buf *early);
/* NULL: there is none */
struct agent *registry_home(struct registry *a, const char *account, const char *agent);
void registry_stop(struct registry *a); /* goodbye to all; their homes free themselves */

/* Asks every loop; fn gets the "agents" array as JSON text, on the main loop. */
typedef void registry_status_fn(void *arg, const struct buf *json);
void registry_status(struct registry *a, registry_status_fn *fn, void *arg);
/* fn comes (json: "[]") when every loop has done all that was sent to it until now; at the latest
 * from registry_free. */
void registry_settle(struct registry *a, registry_status_fn *fn, void *arg);

#endif
