/*
 * All agents, by account and name, and the usage of the accounts. The first HELLO of an agent gives
 * it to a loop, where it stays until it has ended. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_AGENT_REGISTRY_H
#define GROUNDNUT_RELAY_AGENTS_AGENT_REGISTRY_H

#include "relay/agents/agent.h"

struct agent_registry;

enum { AGENT_REGISTRY_KNOWN_MS = 24 * 60 * 60 * 1000 };

struct agent_registry *agent_registry_new(struct context *context, struct accounts *accounts);
/* Called after agent_registry_stop(), when the workers' loops have been told to end. */
void agent_registry_free(struct agent_registry *r);

struct accounts *agent_registry_accounts(struct agent_registry *r);
/* Returns the status for a request for a host that no mapping has: 509 when its account has used
 * its quota, 503 when its account has no agent here now, else 404. */
unsigned agent_registry_absent_status(struct agent_registry *r, const char *host);
/* Puts a list in force; takes a reference. Cuts off removed accounts, and checks the others. */
void agent_registry_set_accounts(struct agent_registry *r, struct accounts *accounts);
/* Judges all doors again, because a shared port has opened or closed. */
void agent_registry_judge(struct agent_registry *r);
/* Judges the account's doors and bandwidth again, because its traffic_quota() has changed. */
void agent_registry_set_quota(struct agent_registry *r, const char *account);
/* Gives each worker the configuration that is in force. Called before
 * agent_registry_set_accounts(), which then judges all doors by it. */
void agent_registry_set_config(struct agent_registry *r, struct relay_config *config);
/* Whether the account may have this agent: it has the agent already, or fewer agents than it may
 * have. Detached agents count. If not, that is logged, at most once a minute. */
bool agent_registry_has_room(const struct agent_registry *r, const char *account,
			     const char *agent);
/* Gives a HELLO whose token fits to its agent. Takes parcel and early over. from: the peer's
 * address. */
void agent_registry_hello(struct agent_registry *r, struct io_parcel *parcel,
			  const struct addr *from, const struct hello *hello, struct buf *early);
/* Whether the network (v4 /24, v6 /48) has an agent here, or had one within
 * AGENT_REGISTRY_KNOWN_MS. */
bool agent_registry_knows(const struct agent_registry *r, const struct addr *from);
/* Whether the agent is attached, or detached and may resume. */
bool agent_registry_has(const struct agent_registry *r, const char *account, const char *agent);
/* Cuts the agent off for the operator, by agent_cut(). False: there is none. */
bool agent_registry_cut(struct agent_registry *r, const char *account, const char *agent);
/* Tells an agent the states of its names, if it is still there. Takes the reports over. */
void agent_registry_set_names(struct agent_registry *r, const char *account, const char *agent,
			      struct name_report *reports, size_t count);
/* The same for its challenges. */
void agent_registry_set_challenges(struct agent_registry *r, const char *account, const char *agent,
				   struct challenge_report *reports, size_t count);
/* says goodbye to all agents; they free themselves */
void agent_registry_stop(struct agent_registry *r);

/* The functions below ask every loop. fn comes once, later, on the main loop; its arguments are
 * valid during the call. */

/* fn gets the array "agents" of the status as JSON. */
typedef void agent_registry_status_fn(void *arg, const struct buf *json);
void agent_registry_status(struct agent_registry *r, agent_registry_status_fn *fn, void *arg);
/* fn gets an array of the logged requests of http mappings: those of one loop after those of
 * another, and of each loop the newest last. account: only its requests; "": those of all. */
void agent_registry_requests(struct agent_registry *r, const char *account,
			     agent_registry_status_fn *fn, void *arg);
/* fn gets an array of visitors (live_visitors.h), and how many there are in all. */
typedef void agent_registry_visitors_fn(void *arg, const struct buf *json, uint64_t total);
void agent_registry_visitors(struct agent_registry *r, const struct live_visitors_wish *wish,
			     agent_registry_visitors_fn *fn, void *arg);
/* fn gets an array of traffic_sums.h: the bytes of the doors since the last call. It also works
 * after agent_registry_stop(), until the loops are told to end. */
void agent_registry_traffic(struct agent_registry *r, agent_registry_status_fn *fn, void *arg);
/* fn gets "[]" when every loop has done all that was sent to it before, at the latest from
 * agent_registry_free(). */
void agent_registry_settle(struct agent_registry *r, agent_registry_status_fn *fn, void *arg);

#endif
