/*
 * One home: the (account, agent) whose tunnel ends here, on the worker loop it was given to for
 * good. It keeps the session over links that come and go, the doors of its mappings, and the
 * visitors. Everything here runs on that loop; what comes from the main loop comes as a message
 * (the functions marked "main").
 *
 * A home that has ended calls its agent_ended_fn on the main loop and stays as an empty shell,
 * since a HELLO may be on its way to it; the main loop, which knows, frees it (agent_free_later) or
 * lets it live on.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_AGENT_H
#define GROUNDNUT_RELAY_AGENTS_AGENT_H

#include "relay/accounts/accounts.h"
#include "relay/context.h"
#include "shared/base/json.h"
#include "shared/net/transport.h"
#include "shared/tunnel/session_messages.h"
#include "shared/tunnel/link_messages.h"

struct agent;
struct http_gateway;

/* Runs on the main loop: the home has nothing left. greeted: how many HELLOs it had taken by
 * then. */
typedef void agent_ended_fn(void *owner, struct agent *h, uint64_t greeted);

/* main. The account's name and the agent's; owner belongs to ended. */
struct agent *agent_new(struct context *world, struct worker *worker, const char *account,
			const char *agent, struct account_use *use, agent_ended_fn *ended,
			void *owner);
/* main. A HELLO that has been verified against accounts; the parcel and early become the home's. */
void agent_greet(struct agent *h, struct io_parcel *parcel, const struct hello *hello,
		 struct buf *early, struct accounts *accounts);
/* main. A visitor of a shared port for the door that holds claim. machine: of an http visitor, else
 * NULL. Takes both. */
void agent_visit(struct agent *h, uint64_t claim, struct io_parcel *parcel,
		 struct http_gateway *machine);
/* main. Accounts have changed: who lost the right to something loses it now. */
void agent_set_accounts(struct agent *h, struct accounts *accounts);
/* main. What became of the agent's names; the reports (as of names_report) become the home's. */
void agent_set_names(struct agent *h, struct name_report *reports, size_t count);
/* main. Say goodbye and end. */
void agent_stop(struct agent *h, enum refuse_code why);
/* main. Free the shell, on its loop. */
void agent_free_later(struct agent *h);

/* worker: all of them into an array that is open. */
void agent_status(const struct agent *h, struct json *w);
struct agent *agent_of_node(struct list *node); /* of worker.homes */

/* --- for its parts and its doors (worker) --- */
struct transport *agent_trunk(struct agent *h);
struct context *agent_world(struct agent *h);
/* what is in force on its loop; until the next turn */
const struct relay_config *agent_config(const struct agent *h);
struct loop *agent_loop(struct agent *h);
struct worker *agent_worker(struct agent *h);
const struct account *agent_account(const struct agent *h);
/* Room for one visitor more of the account? Counted if so; agent_leave() gives it back. */
bool agent_enter(struct agent *h);
void agent_leave(struct agent *h);
/* the same for flows, which an account has ACCOUNT_FLOWS of at most */
bool agent_enter_flow(struct agent *h);
void agent_leave_flow(struct agent *h);
/* The account's bandwidth, or NULL: it has no limit. */
struct shaper_whole *agent_bandwidth(const struct agent *h);
bool agent_is_attached(const struct agent *h);
const char *agent_label(const struct agent *h); /* "alice/nas" */
const char *agent_account_name(const struct agent *h);
const char *agent_name(const struct agent *h);
/* where the link comes from, or the last one came */
const struct addr *agent_remote(const struct agent *h);

#endif
