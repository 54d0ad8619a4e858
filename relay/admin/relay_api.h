/*
 * The routes of the relay's admin listener, for programs and for the dashboard. Main loop only.
 *
 *	/metrics               metrics.h; for any token, and for that of metrics_token_file
 *	/api/v1/status         the status object
 *	/api/v1/accounts, …    accounts_api.h
 *	/api/v1/names?after=&name=   a further page of names: "more" in the status gives after
 *	/api/v1/traffic, /api/v1/requests   traffic_api.h
 *	/api/v1/visitors?account=&agent=&mapping=   the visitors inside; POST …/ID/cut ends one
 *	/api/v1/events         events and changes of the status as they come (live_status.h)
 */
#ifndef GROUNDNUT_RELAY_ADMIN_RELAY_API_H
#define GROUNDNUT_RELAY_ADMIN_RELAY_API_H

#include "relay/admin/traffic_api.h"
#include "relay/admin/accounts_api.h"
#include "relay/config.h"
#include "relay/doors/live_visitors.h"
#include "shared/admin/admin_server.h"

struct relay_api;

/* What it asks of the relay. */
struct relay_api_calls {
	void *owner;
	/* Asks all loops for their agents. fn comes once, later, also when the relay ends;
	 * agents is the JSON for write_status, valid during the call. */
	void (*ask_agents)(void *owner, void (*fn)(void *arg, const struct buf *agents), void *arg);
	/* Writes the whole status object. */
	void (*write_status)(void *owner, const struct buf *agents, struct json *w);
	/* Writes members into an open object. */
	void (*write_names)(void *owner, uint64_t after, const char *name, struct json *w);
	/* Asks for the visitors that the wish describes. fn comes once, later: visitors is a JSON
	 * array, valid during the call; total is how many there are. */
	void (*ask_visitors)(void *owner, const struct live_visitors_wish *wish,
			     void (*fn)(void *arg, const struct buf *visitors, uint64_t total),
			     void *arg);
	struct traffic *traffic; /* borrowed */
	struct traffic_api_calls traffic_calls;
	struct accounts_api_calls accounts;
};

struct relay_api *relay_api_new(struct loop *l, const struct relay_api_calls *calls,
				struct event_hub *events);
/* Applies the block `admin` of the configuration; takes a reference. Reads the certificate again
 * while admin is on; when the certificate is wrong, that is logged and the one before stays. */
void relay_api_set(struct relay_api *a, struct relay_config *config);
/* tls: the certificate that a CA gave, for `admin` with "auto"; takes a reference. NULL: there is
 * none, and the relay's own pair is used. Called after relay_api_set(). */
void relay_api_set_certificate(struct relay_api *a, struct tls_context *tls);
struct admin_server *relay_api_server(const struct relay_api *a);
void relay_api_close(struct relay_api *a); /* NULL does nothing */

#endif
