/*
 * The doors of one agent, one for each mapping of its last DECLARE, open or with the reason why
 * not. STATE tells the agent so whenever something changes. A door that cannot be opened now is
 * tried again.
 *
 * Between two sessions the doors rest, open but without visitors, until the next DECLARE adopts
 * those that fit it and closes the others.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_AGENT_MAPPINGS_H
#define GROUNDNUT_RELAY_AGENTS_AGENT_MAPPINGS_H

#include "relay/doors/door_visitors.h"
#include "shared/base/json.h"
#include "shared/tunnel/declare_messages.h"
#include "shared/tunnel/probe.h"
#include "shared/tunnel/report_message.h"

struct agent_mappings;

struct agent_mappings *agent_mappings_new(struct tenant *t);
void agent_mappings_free(struct agent_mappings *all);

void agent_mappings_declare(struct agent_mappings *all, const struct declare *d); /* in a session */
/* A REPORT of the agent, which is taken apart. */
void agent_mappings_report(struct agent_mappings *all, struct report *r);
/* The door of the mapping is armed: as of door_arm(). */
uint16_t agent_mappings_arm(struct agent_mappings *all, const struct probe_ask *ask,
			    const uint8_t proof[PROBE_PROOF], const char **error);
/* the session goes on: doors that rested serve visitors again */
void agent_mappings_wake(struct agent_mappings *all);
/* the session is about to end: visitors get what has come for them */
void agent_mappings_orphan(struct agent_mappings *all);
/* visitors are reset; the doors stay */
void agent_mappings_clear(struct agent_mappings *all);
void agent_mappings_close(struct agent_mappings *all);
/* The accounts have changed: a door that is not allowed any more closes, the others are tried. */
void agent_mappings_judge(struct agent_mappings *all);
/* takes the reports */
void agent_mappings_set_names(struct agent_mappings *all, struct name_report *reports,
			      size_t count);
void agent_mappings_set_challenges(struct agent_mappings *all, struct challenge_report *reports,
				   size_t count);
/* What its mappings have carried since this was last asked is added (traffic_sums.h). */
void agent_mappings_traffic(struct agent_mappings *all, struct buf *sums);
/* As door_visitors_tell(), of all its doors. */
void agent_mappings_visitors(struct agent_mappings *all, const struct door_visitors_wish *wish,
			     struct door_visitors_tally *tally, struct json *w);
void agent_mappings_status(const struct agent_mappings *all, struct json *w); /* "mappings" */

#endif
