/*
 * One agent, by account and name, on the worker loop that it was given to for good. It keeps the
 * session over links that come and go, the doors of its mappings, and the visitors. Everything here
 * runs on that loop, but for the functions marked "main", which send it a message.
 *
 * An agent that has nothing left calls its agent_ended_fn on the main loop and stays as an empty
 * shell, since a HELLO may be on its way to it. The main loop, which knows, frees it
 * (agent_free_later) or lets it live on.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_AGENT_H
#define GROUNDNUT_RELAY_AGENTS_AGENT_H

#include "relay/doors/door_visitors.h"
#include "shared/base/json.h"
#include "shared/tunnel/hello_messages.h"

struct agent;

/* Runs on the main loop: the agent has nothing left. hellos: how many it had taken by then. */
typedef void agent_ended_fn(void *owner, struct agent *a, uint64_t hellos);

/* main. account and name are copied, usage is counted; owner belongs to ended. */
struct agent *agent_new(struct worker *worker, const char *account, const char *name,
			struct usage *usage, agent_ended_fn *ended, void *owner);
/* main. A HELLO that has been verified against accounts. Takes the parcel and early. */
void agent_hello(struct agent *a, struct io_parcel *parcel, const struct hello *hello,
		 struct buf *early, struct accounts *accounts);
/* main. Accounts have changed: rights that were lost are taken at once. */
void agent_set_accounts(struct agent *a, struct accounts *accounts);
/* main. What became of the agent's names. Takes the reports. */
void agent_set_names(struct agent *a, struct name_report *reports, size_t count);
/* main. The same of its challenges. */
void agent_set_challenges(struct agent *a, struct challenge_report *reports, size_t count);
/* main. The operator cuts it off: its visitors are reset and its link ends. It may come back. */
void agent_cut(struct agent *a);
/* main. Say goodbye and end. */
void agent_stop(struct agent *a, enum refuse_code why);
/* main. Free it on its loop. */
void agent_free_later(struct agent *a);

/* Into an array that is open; nothing while there is no session. */
void agent_status(const struct agent *a, struct json *w);
/* As agent_mappings_traffic(); on its loop. */
void agent_traffic(const struct agent *a, struct buf *sums);
/* As agent_mappings_visitors(); on its loop. */
void agent_visitors(const struct agent *a, const struct door_visitors_wish *wish,
		    struct door_visitors_tally *tally, struct json *w);
struct agent *agent_of_node(struct list *node); /* of worker.agents */

#endif
