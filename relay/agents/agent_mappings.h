/*
 * The doors of one agent: one for each mapping of its last DECLARE, open or with a reason why not.
 * Each change is told to the agent by STATE. A door that cannot be opened is tried again later.
 *
 * Between two sessions the doors rest: they are open but have no visitors. The next DECLARE adopts
 * those that fit it and closes the others. All functions run on the agent's loop.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_AGENT_MAPPINGS_H
#define GROUNDNUT_RELAY_AGENTS_AGENT_MAPPINGS_H

#include "relay/doors/live_visitors.h"
#include "shared/base/json.h"
#include "shared/tunnel/declare_messages.h"
#include "shared/tunnel/reachability_probe.h"
#include "shared/tunnel/report_message.h"

struct agent_mappings;

struct agent_mappings *agent_mappings_new(struct door_owner *t);
void agent_mappings_free(struct agent_mappings *all);

void agent_mappings_declare(struct agent_mappings *all, const struct declare *d); /* in a session */
/* Takes a REPORT of the agent, and its parts over. */
void agent_mappings_report(struct agent_mappings *all, struct report *r);
/* Calls door_arm() on the door of the mapping. */
uint16_t agent_mappings_arm(struct agent_mappings *all, const struct reachability_probe_ask *ask,
			    const uint8_t proof[REACHABILITY_PROBE_PROOF], const char **error);
/* The session goes on: doors that rested serve visitors again. */
void agent_mappings_wake(struct agent_mappings *all);
/* The session is about to end: visitors still get the bytes that have come for them. */
void agent_mappings_orphan(struct agent_mappings *all);
/* Resets all visitors; the doors stay. */
void agent_mappings_clear(struct agent_mappings *all);
void agent_mappings_close(struct agent_mappings *all);
/* The accounts have changed: closes doors that are not allowed any more, and tries the others. */
void agent_mappings_judge(struct agent_mappings *all);
/* Takes the reports over. */
void agent_mappings_set_names(struct agent_mappings *all, struct name_report *reports,
			      size_t count);
void agent_mappings_set_challenges(struct agent_mappings *all, struct challenge_report *reports,
				   size_t count);
/* Appends the bytes of its mappings since the last call (traffic_sums.h). */
void agent_mappings_traffic(struct agent_mappings *all, struct buf *sums);
/* As live_visitors_tell(), for all its doors. */
void agent_mappings_visitors(struct agent_mappings *all, const struct live_visitors_wish *wish,
			     struct live_visitors_tally *tally, struct json *w);
void agent_mappings_status(const struct agent_mappings *all, struct json *w); /* "mappings" */

#endif
