/*
 * The admin listener of the agent and its routes, for the dashboard and for programs. Main loop
 * only.
 *
 *	/metrics                        metrics_text.h; for any token
 *	/api/v1/status                  the status object
 *	/api/v1/mappings                GET: the mappings of the file; POST adds one
 *	/api/v1/mappings/NAME           PATCH changes the given keys; DELETE removes it
 *	/api/v1/certificates            the certificates of the https mappings
 *	/api/v1/certificates/NAME       POST orders a new one
 *	/api/v1/requests                the last requests of https mappings
 *	/api/v1/visitors?mapping=       the visitors inside
 *	/api/v1/visitors/ID/cut         POST cuts one off
 *	/api/v1/events                  events and changes of the status (live_status.h)
 *	/api/v1/doctor                  the list that `doctor --json` prints
 *
 * It listens on loopback addresses with plain HTTP, and on others with TLS. The certificate for TLS
 * is self-signed; it is made when it is first needed, and kept in the state directory.
 */
#ifndef GROUNDNUT_AGENT_ADMIN_AGENT_API_H
#define GROUNDNUT_AGENT_ADMIN_AGENT_API_H

#include "agent/config.h"
#include "shared/base/json.h"
#include "shared/net/event_hub.h"
#include "shared/net/loop.h"

struct agent_api;

/* What it asks of the agent. */
struct agent_api_calls {
	void *owner;
	void (*write_status)(void *owner, struct json *w);       /* the whole status object */
	void (*write_certificates)(void *owner, struct json *w); /* elements of an open array */
	void (*write_requests)(void *owner, struct json *w);     /* members of an open object */
	/* As targets_visitors() and targets_cut_visitor(). */
	uint64_t (*write_visitors)(void *owner, const char *mapping, struct json *w);
	bool (*cut_visitor)(void *owner, uint64_t id, struct json *w);
	/* Orders a new certificate. NULL, or a static text that says why not. */
	const char *(*renew)(void *owner, const char *mapping);
	/* Reads the file again. NULL, or a static text that says why nothing was changed. */
	const char *(*reload)(void *owner);
};

/* calls are copied; events is borrowed. */
struct agent_api *agent_api_new(struct loop *l, const struct agent_api_calls *calls,
				struct event_hub *events);
/* Applies the configuration; it is borrowed, and must live until the next call or the end. */
void agent_api_set(struct agent_api *a, const struct agent_config *config);
/* Makes a link that signs in; the caller wipes and frees it. NULL: `admin` is off. */
char *agent_api_link(struct agent_api *a);
void agent_api_close(struct agent_api *a); /* NULL does nothing */

#endif
