/*
 * Every home there is, by account and agent: which loop each was given to, claimed by its first
 * HELLO and kept until it has ended. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_H
#define GROUNDNUT_RELAY_AGENTS_H

#include "relay/accounts.h"
#include "relay/home.h"

struct agents;

enum { AGENTS_EACH = 1024 }; /* of one account, also those that are detached */

struct agents *agents_new(struct world *world, struct accounts *accounts);
/* All homes must have been stopped: to be called when the workers' loops have been told to end. */
void agents_free(struct agents *a);

struct accounts *agents_accounts(struct agents *a);
/* Is the host an account's that has no agent here now? */
bool agents_would_serve(const struct agents *a, const char *host);
/* The new list is in force: removed accounts are cut off, the others checked again. Takes its own
 * reference. */
void agents_set_accounts(struct agents *a, struct accounts *accounts);
/* Every worker gets the configuration that is in force. Before agents_set_accounts, which then has
 * all doors judged by it. */
void agents_set_config(struct agents *a, struct relay_config *config);
/* Whether the account may have this agent: it has it already, or not all it may have. */
bool agents_has_room(const struct agents *a, const char *account, const char *agent);
/* A HELLO whose token fits goes to its home; the parcel and early go along. */
void agents_greet(struct agents *a, struct io_parcel *parcel, const struct hello *hello,
		  struct buf *early);
/* NULL: there is none */
struct home *agents_home(struct agents *a, const char *account, const char *agent);
void agents_stop(struct agents *a); /* goodbye to all; their homes free themselves */

/* Asks every loop; fn gets the "agents" array as JSON text, on the main loop. */
typedef void agents_status_fn(void *arg, const struct buf *json);
void agents_status(struct agents *a, agents_status_fn *fn, void *arg);
/* fn comes (json: "[]") when every loop has done all that was sent to it until now; at the latest
 * from agents_free. */
void agents_settle(struct agents *a, agents_status_fn *fn, void *arg);

#endif
