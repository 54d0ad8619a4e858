/*
 * All agents, by account and name, and the usage of the accounts. The first HELLO of an agent gives
 * it to a loop, where it stays until it has ended. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_REGISTRY_H
#define GROUNDNUT_RELAY_AGENTS_REGISTRY_H

#include "relay/agents/agent.h"

struct registry;

enum { REGISTRY_KNOWN_MS = 24 * 60 * 60 * 1000 };

struct registry *registry_new(struct context *context, struct accounts *accounts);
/* Called after registry_stop(), when the workers' loops have been told to end. */
void registry_free(struct registry *r);

struct accounts *registry_accounts(struct registry *r);
/* Returns the status for a request for a host that no mapping has: 509 when its account has used
 * its quota, 503 when its account has no agent here now, else 404. */
unsigned registry_absent_status(struct registry *r, const char *host);
/* Puts a list in force; takes a reference. Cuts off removed accounts, and checks the others. */
void registry_set_accounts(struct registry *r, struct accounts *accounts);
/* Judges all doors again, because a shared port has opened or closed. */
void registry_judge(struct registry *r);
/* Judges the account's doors and bandwidth again, because its traffic_quota() has changed. */
void registry_set_quota(struct registry *r, const char *account);
/* Gives each worker the configuration that is in force. Called before registry_set_accounts(),
 * which then judges all doors by it. */
void registry_set_config(struct registry *r, struct relay_config *config);
/* Whether the account may have this agent: it has the agent already, or fewer agents than it may
 * have. Detached agents count. If not, that is logged, at most once a minute. */
bool registry_has_room(const struct registry *r, const char *account, const char *agent);
/* Gives a HELLO whose token fits to its agent. Takes parcel and early over. from: the peer's
 * address. */
void registry_hello(struct registry *r, struct io_parcel *parcel, const struct addr *from,
		    const struct hello *hello, struct buf *early);
/* Whether the network (v4 /24, v6 /48) has an agent here, or had one within REGISTRY_KNOWN_MS. */
bool registry_knows(const struct registry *r, const struct addr *from);
/* Whether the agent is attached, or detached and may resume. */
bool registry_has(const struct registry *r, const char *account, const char *agent);
/* Cuts the agent off for the operator, by agent_cut(). False: there is none. */
bool registry_cut(struct registry *r, const char *account, const char *agent);
/* Tells an agent the states of its names, if it is still there. Takes the reports over. */
void registry_set_names(struct registry *r, const char *account, const char *agent,
			struct name_report *reports, size_t count);
/* The same for its challenges. */
void registry_set_challenges(struct registry *r, const char *account, const char *agent,
			     struct challenge_report *reports, size_t count);
void registry_stop(struct registry *r); /* says goodbye to all agents; they free themselves */

/* The functions below ask every loop. fn comes once, later, on the main loop; its arguments are
 * valid during the call. */

/* fn gets the array "agents" of the status as JSON. */
typedef void registry_status_fn(void *arg, const struct buf *json);
void registry_status(struct registry *r, registry_status_fn *fn, void *arg);
/* fn gets an array of the logged requests of http mappings: those of one loop after those of
 * another, and of each loop the newest last. account: only its requests; "": those of all. */
void registry_requests(struct registry *r, const char *account, registry_status_fn *fn, void *arg);
/* fn gets an array of visitors (door_visitors.h), and how many there are in all. */
typedef void registry_visitors_fn(void *arg, const struct buf *json, uint64_t total);
void registry_visitors(struct registry *r, const struct door_visitors_wish *wish,
		       registry_visitors_fn *fn, void *arg);
/* fn gets an array of traffic_sums.h: the bytes of the doors since the last call. It also works
 * after registry_stop(), until the loops are told to end. */
void registry_traffic(struct registry *r, registry_status_fn *fn, void *arg);
/* fn gets "[]" when every loop has done all that was sent to it before, at the latest from
 * registry_free(). */
void registry_settle(struct registry *r, registry_status_fn *fn, void *arg);

#endif
