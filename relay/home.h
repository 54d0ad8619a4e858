/*
 * One home: the (account, agent) whose tunnel ends here, on the worker loop it was given to for
 * good. It keeps the session over links that come and go, the doors of its mappings, and the
 * visitors. Everything here runs on that loop; what comes from the main loop comes as a message
 * (the functions marked "main").
 *
 * A home that has ended calls its home_ended_fn on the main loop and stays as an empty shell, since
 * a HELLO may be on its way to it; the main loop, which knows, frees it (home_free_later) or lets
 * it live on.
 */
#ifndef GROUNDNUT_RELAY_HOME_H
#define GROUNDNUT_RELAY_HOME_H

#include "relay/accounts.h"
#include "relay/world.h"
#include "shared/base/json.h"
#include "shared/net/trunk.h"
#include "shared/tunnel/declare.h"
#include "shared/tunnel/hello.h"

struct home;
struct http_relay;

/* Runs on the main loop: the home has nothing left. greeted: how many HELLOs it had taken by
 * then. */
typedef void home_ended_fn(void *owner, struct home *h, uint64_t greeted);

/* main. The account's name and the agent's; owner belongs to ended. */
struct home *home_new(struct world *world, struct worker *worker, const char *account,
		      const char *agent, struct account_use *use, home_ended_fn *ended,
		      void *owner);
/* main. A HELLO that has been verified against accounts; the parcel and early become the home's. */
void home_greet(struct home *h, struct io_parcel *parcel, const struct hello *hello,
		struct buf *early, struct accounts *accounts);
/* main. A visitor of a shared port for the door that holds claim. machine: of an http visitor, else
 * NULL. Takes both. */
void home_visit(struct home *h, uint64_t claim, struct io_parcel *parcel,
		struct http_relay *machine);
/* main. Accounts have changed: who lost the right to something loses it now. */
void home_set_accounts(struct home *h, struct accounts *accounts);
/* main. What became of the agent's names; the reports (as of names_report) become the home's. */
void home_set_names(struct home *h, struct name_report *reports, size_t count);
/* main. Say goodbye and end. */
void home_stop(struct home *h, enum refuse_code why);
/* main. Free the shell, on its loop. */
void home_free_later(struct home *h);

/* worker: all of them into an array that is open. */
void home_status(const struct home *h, struct json *w);
struct home *home_of_node(struct list *node); /* of worker.homes */

/* --- for its parts and its doors (worker) --- */
struct trunk *home_trunk(struct home *h);
struct world *home_world(struct home *h);
/* what is in force on its loop; until the next turn */
const struct relay_config *home_config(const struct home *h);
struct loop *home_loop(struct home *h);
struct worker *home_worker(struct home *h);
const struct account *home_account(const struct home *h);
/* Room for one visitor more of the account? Counted if so; home_leave() gives it back. */
bool home_enter(struct home *h);
void home_leave(struct home *h);
/* the same for flows, which an account has ACCOUNT_FLOWS of at most */
bool home_enter_flow(struct home *h);
void home_leave_flow(struct home *h);
/* The account's bandwidth, or NULL: it has no limit. */
struct shaper_whole *home_bandwidth(const struct home *h);
bool home_is_attached(const struct home *h);
const char *home_label(const struct home *h); /* "alice/nas" */
const char *home_account_name(const struct home *h);
const char *home_agent(const struct home *h);
/* where the link comes from, or the last one came */
const struct addr *home_remote(const struct home *h);

#endif
