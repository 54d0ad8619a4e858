/*
 * What the agent's admin listener is asked and told, by the dashboard and by programs.
 *
 *	/api/v1/status                  the status object
 *	/api/v1/mappings                GET: as the file has them; POST adds one
 *	/api/v1/mappings/NAME           PATCH changes what it says; DELETE
 *	/api/v1/certificates            GET; /api/v1/certificates/NAME: POST orders a new one
 *	/api/v1/requests                the last requests of https mappings
 *	/api/v1/events                  what happens, and how the agent stands (live_status.h)
 *	/api/v1/doctor                  what `doctor --json` says
 *
 * It listens on loopback addresses by plain HTTP; on others by TLS with a pair of its own, made
 * when it is first wanted and kept in the state directory.
 */
#ifndef GROUNDNUT_AGENT_ADMIN_AGENT_API_H
#define GROUNDNUT_AGENT_ADMIN_AGENT_API_H

#include "agent/config.h"
#include "shared/base/json.h"
#include "shared/net/event_hub.h"
#include "shared/net/loop.h"

struct agent_api;

/* What the agent does for it. */
struct agent_api_calls {
	void *owner;
	void (*write_status)(void *owner, struct json *w);
	void (*write_certificates)(void *owner, struct json *w); /* into an array that is open */
	void (*write_requests)(void *owner, struct json *w);     /* members of an open object */
	/* NULL; or why not, static */
	const char *(*renew)(void *owner, const char *mapping);
	/* Reads the file again. NULL; or why nothing was changed, static. */
	const char *(*reload)(void *owner);
};

/* events: borrowed */
struct agent_api *agent_api_new(struct loop *l, const struct agent_api_calls *calls,
				struct event_hub *events);
/* Takes the configuration, by reference until it is set anew. */
void agent_api_set(struct agent_api *a, const struct agent_config *config);
/* A link that signs in, freed by the caller, who wipes it; NULL: there is no `admin`. */
char *agent_api_link(struct agent_api *a);
void agent_api_close(struct agent_api *a); /* NULL does nothing */

#endif
