/*
 * The doors of one home: as many as its agent's last DECLARE lists, open or with the reason why
 * not, and STATE, which tells the agent so each time something changes. One that cannot be opened
 * now is tried again.
 *
 * Between two sessions the doors rest, open but without visitors, until the next DECLARE adopts
 * those that fit it and closes the others.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_AGENT_MAPPINGS_H
#define GROUNDNUT_RELAY_AGENTS_AGENT_MAPPINGS_H

#include "relay/context.h"
#include "shared/base/json.h"
#include "shared/net/io.h"
#include "shared/tunnel/session_messages.h"

struct agent;
struct agent_mappings;
struct http_gateway;

struct agent_mappings *agent_mappings_new(struct agent *h);
void agent_mappings_free(struct agent_mappings *all);

void agent_mappings_declare(struct agent_mappings *all, const struct declare *d); /* in a session */
/* the session goes on */
void agent_mappings_wake(struct agent_mappings *all);
/* it is about to end: visitors get what has come for them */
void agent_mappings_orphan(struct agent_mappings *all);
void agent_mappings_close(struct agent_mappings *all);
/* the accounts are others: who lost the right to a door loses it, the others are tried */
void agent_mappings_judge(struct agent_mappings *all);
/* takes the reports */
void agent_mappings_set_names(struct agent_mappings *all, struct name_report *reports,
			      size_t count);
/* A visitor of a shared port, as of agent_visit(). */
void agent_mappings_visit(struct agent_mappings *all, uint64_t claim, struct io_parcel *parcel,
			  struct http_gateway *machine);
void agent_mappings_status(const struct agent_mappings *all, struct json *w); /* "mappings" */

#endif
