/* The status of the running relay as JSON, for the control socket and the admin API. Main loop
 * only. */
#ifndef GROUNDNUT_RELAY_STATUS_JSON_H
#define GROUNDNUT_RELAY_STATUS_JSON_H

#include "relay/relay_parts.h"

/* Writes the status object of README.md with the first page of names; when there are more names,
 * "more" tells how to ask for the next page. agents: the JSON of agent_registry_status(). key:
 * the object is the member of that name, and "more" is beside it; NULL: the object is the whole
 * document, and "more" is in it. */
void status_json_write(const struct relay_parts *p, const struct buf *agents, const char *key,
		       struct json *w);
/* Writes the page of names that "more" asks for: the members "names" and "more". */
void status_json_names(const struct relay_parts *p, uint64_t after, const char *name,
		       struct json *w);

#endif
