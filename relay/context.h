/*
 * What every room of the relay may look at: made once by service.c, constant from then on but for
 * the counters, which are atomic, and the parts that say so. A reload (reload.h) brings another
 * configuration.
 */
#ifndef GROUNDNUT_RELAY_CONTEXT_H
#define GROUNDNUT_RELAY_CONTEXT_H

#include "relay/config.h"
#include "relay/doors/vhost_table.h"
#include "relay/doors/port_table.h"
#include "shared/base/memory_budget.h"
#include "shared/base/rate_limiter.h"
#include "shared/net/loop.h"
#include "shared/net/shaper.h"
#include "shared/tunnel/session.h"

/* One of the loops that homes live on. */
struct worker {
	struct loop *loop;
	struct relay_config *config; /* a reference; the worker's thread only */
	struct session_pool pool;    /* the worker's thread only */
	struct list homes;           /* the worker's thread only */
	/* the same: the visitors of its http doors, by their sources */
	struct rate_limiter *web;
	unsigned count; /* homes given to it; the main thread only */
};

struct context {
	struct relay_config *config; /* a reference; the main thread only, workers have their own */
	struct loop *main;
	struct worker *workers;
	unsigned worker_count;
	struct port_table *ports;
	struct vhost_table *vhosts;
	struct registry *agents;        /* the main thread only */
	struct agent_listener *door;    /* the same */
	struct names *names;            /* the main thread only; NULL before and after */
	struct names_service *naming;   /* the same */
	struct shared_ports *front;     /* the main thread only; NULL before and after */
	struct listener_set *listeners; /* the main thread only */
	struct memory_budget_whole send, receive;
};

/* What one account uses, over all its agents and loops: its visitors, its bandwidth. Counted: one
 * reference for each home and for the table. */
struct account_use {
	atomic_uint connections, flows;
	struct shaper_whole *bandwidth;
	atomic_uint refs;
};
struct account_use *account_use_ref(struct account_use *u);
void account_use_unref(struct account_use *u);

#endif
