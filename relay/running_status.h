/* The status of the running relay as JSON, for the control socket and the admin API. Main loop
 * only. */
#ifndef GROUNDNUT_RELAY_RUNNING_STATUS_H
#define GROUNDNUT_RELAY_RUNNING_STATUS_H

#include "relay/relay_parts.h"

/* Writes the status object, as README.md has it, up to the first page of names; where there are
 * more, "more" asks for the next page. agents: what registry_status() has gathered. key: the object
 * is the member of that name, and "more" stands beside it; NULL: it is the document, and "more"
 * stands in it. */
void running_status_write(const struct relay_parts *p, const struct buf *agents, const char *key,
			  struct json *w);
/* The page of names behind what "more" says: the members "names" and "more". */
void running_status_names(const struct relay_parts *p, uint64_t after, const char *name,
			  struct json *w);

#endif
