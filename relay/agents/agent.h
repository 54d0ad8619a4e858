/*
 * One agent, by account and name, on the worker loop that it was given to for good. It has the
 * session, which outlives its links, the doors of its mappings, and their visitors. All functions
 * run on that loop, except those marked "main", which send it a message.
 *
 * An agent that has nothing left calls its agent_ended_fn on the main loop and stays as an empty
 * shell, because a HELLO may be on its way to it. The main loop knows that, and frees the agent
 * (agent_free_later) or lets it live on.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_AGENT_H
#define GROUNDNUT_RELAY_AGENTS_AGENT_H

#include "relay/doors/live_visitors.h"
#include "shared/base/json.h"
#include "shared/tunnel/hello_messages.h"

struct agent;

/* Runs on the main loop: the agent has nothing left. hellos: how many it had taken by then. */
typedef void agent_ended_fn(void *owner, struct agent *a, uint64_t hellos);

/* main. Copies account and name, and takes a reference to usage. owner: passed to ended. */
struct agent *agent_new(struct worker *worker, const char *account, const char *name,
			struct account_usage *usage, agent_ended_fn *ended, void *owner);
/* main. Gives it a HELLO that was verified against accounts. Takes parcel and early over. */
void agent_hello(struct agent *a, struct io_parcel *parcel, const struct hello *hello,
		 struct buf *early, struct accounts *accounts);
/* main. The accounts have changed: what is not allowed any more ends at once. */
void agent_set_accounts(struct agent *a, struct accounts *accounts);
/* main. Tells the states of the agent's names. Takes the reports over. */
void agent_set_names(struct agent *a, struct name_report *reports, size_t count);
/* main. The same for its challenges. */
void agent_set_challenges(struct agent *a, struct challenge_report *reports, size_t count);
/* main. Cuts it off for the operator: resets its visitors and ends its link. It may come back. */
void agent_cut(struct agent *a);
/* main. Says goodbye and ends it. */
void agent_stop(struct agent *a, enum refuse_code why);
/* main. Frees it on its loop. */
void agent_free_later(struct agent *a);

/* Writes it into an open array; nothing while there is no session. */
void agent_status(const struct agent *a, struct json *w);
/* As agent_mappings_traffic(); on its loop. */
void agent_traffic(const struct agent *a, struct buf *sums);
/* As agent_mappings_visitors(); on its loop. */
void agent_visitors(const struct agent *a, const struct live_visitors_wish *wish,
		    struct live_visitors_tally *tally, struct json *w);
struct agent *agent_of_node(struct list *node); /* of worker.agents */

#endif
