/*
 * What agents declare about names, the entries of their `names` and the hosts of their mappings,
 * and the reports of what became of it. When an account is full, names that only agents held which
 * are gone, or only DDNS updates brought, make room for what a live one declares, the oldest first.
 * Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_DECLARED_NAMES_H
#define GROUNDNUT_RELAY_NAMES_DECLARED_NAMES_H

#include "relay/names/names.h"
#include "shared/tunnel/declare_messages.h"

struct declared_names;

/* What became of an agent's entries. Called inside the call that declares them, and from the loop
 * when something has changed by itself (published, written down). The reports are the callee's. */
typedef void declared_names_fn(void *owner, const char *account, const char *agent,
			       struct name_report *reports, size_t count);
/* Whether the agent is attached, or may still resume. */
typedef bool declared_names_alive_fn(void *owner, const char *account, const char *agent);

/* The names are not owned, and are freed later. */
struct declared_names *declared_names_new(struct names *all, declared_names_fn *fn,
					  declared_names_alive_fn *is_alive, void *owner);
void declared_names_free(struct declared_names *d);
/* What the agent does not declare any more falls back to what is next in strength. */
void declared_names_set(struct declared_names *d, const char *account, const char *agent,
			const struct declare *said, const struct addr *seen, unsigned count);

#endif
