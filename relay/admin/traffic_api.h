/*
 * The routes of relay_api.h about traffic and requests. Main loop only.
 *
 *	/api/v1/traffic?from=&to=&account=&mapping=&by=day|account|mapping
 *	/api/v1/traffic.csv?…      the same rows
 *	/api/v1/rates?account=&agent=&mapping=
 *	/api/v1/requests?account=  the log of requests
 */
#ifndef GROUNDNUT_RELAY_ADMIN_TRAFFIC_API_H
#define GROUNDNUT_RELAY_ADMIN_TRAFFIC_API_H

#include "relay/accounts/traffic.h"
#include "relay/config.h"
#include "shared/admin/admin_server.h"

struct traffic_api;

struct traffic_api_calls {
	void *owner;
	/* Asks for the requests of an account, or of all accounts when it is "". fn comes once,
	 * later, with a JSON array that is valid during the call. */
	void (*ask_requests)(void *owner, const char *account,
			     void (*fn)(void *arg, const struct buf *requests), void *arg);
};

/* traffic: borrowed. */
struct traffic_api *traffic_api_new(struct loop *l, struct traffic *traffic,
				    const struct traffic_api_calls *calls);
/* Sets the configuration; takes a reference. It is set before the first request. */
void traffic_api_set(struct traffic_api *a, struct relay_config *config);
/* Requests under way are not answered any more. NULL does nothing. */
void traffic_api_close(struct traffic_api *a);

void traffic_api_serve(struct traffic_api *a, const struct admin_request *r, bool csv);
void traffic_api_serve_rates(struct traffic_api *a, const struct admin_request *r);
void traffic_api_serve_requests(struct traffic_api *a, const struct admin_request *r);

#endif
