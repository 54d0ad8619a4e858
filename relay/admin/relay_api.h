/*
 * What the relay's admin listener is asked: status, names and metrics, for programs and for the
 * dashboard. Main loop only.
 *
 *	/metrics               a token, or what is in metrics_token_file
 *	/api/v1/status         the status object
 *	/api/v1/accounts, …    see accounts_api.h
 *	/api/v1/names?after=&name=   the page of names that "more" of status names
 *	/api/v1/traffic, /api/v1/requests   traffic_api.h
 *	/api/v1/visitors?account=&agent=&mapping=   who is inside; POST …/ID/cut ends one
 *	/api/v1/events         what happens, and how the relay stands (live_status.h)
 */
#ifndef GROUNDNUT_RELAY_ADMIN_RELAY_API_H
#define GROUNDNUT_RELAY_ADMIN_RELAY_API_H

#include "relay/admin/traffic_api.h"
#include "relay/admin/accounts_api.h"
#include "relay/config.h"
#include "relay/doors/door_visitors.h"
#include "shared/admin/admin_server.h"

struct relay_api;

/* What the relay does for it. */
struct relay_api_calls {
	void *owner;
	/* agents, for write_status, come by fn(arg), later; at the latest when the relay ends */
	void (*ask_agents)(void *owner, void (*fn)(void *arg, const struct buf *agents), void *arg);
	void (*write_status)(void *owner, const struct buf *agents, struct json *w);
	/* members of an open object */
	void (*write_names)(void *owner, uint64_t after, const char *name, struct json *w);
	/* visitors, an array, and how many there are come by fn(arg), later */
	void (*ask_visitors)(void *owner, const struct door_visitors_wish *wish,
			     void (*fn)(void *arg, const struct buf *visitors, uint64_t total),
			     void *arg);
	struct traffic *traffic; /* borrowed */
	struct traffic_api_calls traffic_calls;
	struct accounts_api_calls accounts;
};

struct relay_api *relay_api_new(struct loop *l, const struct relay_api_calls *calls,
				struct event_hub *events);
/* Takes the block `admin` of the configuration. The certificate is read anew; one that does not fit
 * is logged, and the one before stays. */
void relay_api_set(struct relay_api *a, struct relay_config *config);
/* The certificate that a CA gave, where `admin` says "auto"; until then it is the relay's own
 * pair. NULL: there is none. */
void relay_api_set_certificate(struct relay_api *a, struct tls_context *tls);
struct admin_server *relay_api_server(const struct relay_api *a);
void relay_api_close(struct relay_api *a); /* NULL does nothing */

#endif
