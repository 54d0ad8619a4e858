/*
 * Takes what agents declare about names: the entries of their `names` and the hosts of their
 * mappings. It reports to each agent the states of its names. When an account is full, a name that
 * a live agent declares gets the place of an older one: of a name that only agents hold which are
 * gone, or that only DDNS updates have brought, the oldest first. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_DECLARED_NAMES_H
#define GROUNDNUT_RELAY_NAMES_DECLARED_NAMES_H

#include "relay/names/name_registry.h"
#include "shared/tunnel/declare_messages.h"

struct declared_names;

/* Tells the states of an agent's entries. Comes inside the call that declares them, and from the
 * loop when a state has changed (published, written to the store). The callee owns the reports. */
typedef void declared_names_fn(void *owner, const char *account, const char *agent,
			       struct name_report *reports, size_t count);
/* Whether the agent is attached, or may still resume. */
typedef bool declared_names_alive_fn(void *owner, const char *account, const char *agent);

/* all is borrowed and must live longer. */
struct declared_names *declared_names_new(struct name_registry *all, declared_names_fn *fn,
					  declared_names_alive_fn *is_alive, void *owner);
void declared_names_free(struct declared_names *d);
/* Takes a declaration. A name that the agent does not declare any more falls back to its next
 * source (name_records.h). */
void declared_names_set(struct declared_names *d, const char *account, const char *agent,
			const struct declare *said, const struct addr *seen, unsigned count);

#endif
