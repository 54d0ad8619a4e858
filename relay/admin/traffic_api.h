/*
 * What the admin listener says of traffic and of requests: routes of relay_api.h. Main loop only.
 *
 *	/api/v1/traffic?from=&to=&account=&mapping=&by=day|account|mapping
 *	/api/v1/traffic.csv?…      the same rows
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
	/* The requests of that account, "" of all, come as an array by fn(arg), later. */
	void (*ask_requests)(void *owner, const char *account,
			     void (*fn)(void *arg, const struct buf *requests), void *arg);
};

/* traffic: borrowed */
struct traffic_api *traffic_api_new(struct loop *l, struct traffic *traffic,
				    const struct traffic_api_calls *calls);
void traffic_api_set(struct traffic_api *a, struct relay_config *config);
void traffic_api_close(struct traffic_api *a); /* NULL does nothing; nothing is answered any more */

void traffic_api_serve(struct traffic_api *a, const struct admin_request *r, bool csv);
void traffic_api_serve_requests(struct traffic_api *a, const struct admin_request *r);

#endif
