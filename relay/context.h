/* What all rooms of the relay share. service.c makes it once. Then it is constant, except for the
 * counters, which are atomic, and for what a reload (reload.h) replaces. It names no room above its
 * readers: when something must be told upward, it has a function for that. */
#ifndef GROUNDNUT_RELAY_CONTEXT_H
#define GROUNDNUT_RELAY_CONTEXT_H

#include "relay/config.h"
#include "shared/base/hash_table.h"
#include "shared/base/memory_budget.h"
#include "shared/base/rate_limiter.h"
#include "shared/base/request_log.h"
#include "shared/net/event_hub.h"
#include "shared/net/shaper.h"
#include "shared/tunnel/session.h"
#include "shared/tunnel/declare_messages.h"

#include <stdatomic.h>

struct context;
struct port_table;
struct vhost_table;
struct shared_ports;
struct traffic;

/* One of the loops on which agents live. Only its own thread uses it, except loop and count. */
struct worker {
	struct context *context;
	struct loop *loop;
	struct relay_config *config;   /* a reference */
	struct session_pool pool;      /* memory of all its sessions */
	struct list agents;            /* of struct agent */
	struct hash_table *vhosts;     /* open doors of http and tls mappings, by claim */
	struct rate_limiter *visitors; /* of its http doors, by source */
	unsigned count;                /* agents given to it; the main thread only */
	struct request_log *requests;  /* of its http doors; NULL: none was logged */
	struct buf departed;           /* traffic_sums.h: the bytes of doors that are gone */
};

/* An agent has declared; on the main loop. remote: its address as the relay sees it. count: how
 * many of its declarations this one, the newest, stands for. The callee copies what it keeps. */
typedef void context_declare_fn(void *owner, const char *account, const char *agent,
				const struct declare *d, const struct addr *remote, unsigned count);

/* An agent has no session any more, and none is about to begin; on the main loop. */
typedef void context_gone_fn(void *owner, const char *account, const char *agent);

struct context {
	struct relay_config *config; /* a reference; the main thread only, workers have their own */
	struct loop *main;
	struct worker *workers;
	unsigned worker_count;
	struct port_table *ports;
	struct vhost_table *vhosts;
	struct shared_ports *shared_ports; /* the main thread only; NULL before and after */
	struct traffic *traffic;           /* the main thread only; NULL before and after */
	struct memory_budget_whole send, receive;
	/* the last id given to a visitor; at first the time in microseconds */
	atomic_uint_fast64_t visitor_ids;
	struct shaper_line *egress; /* the line of all visitors' bytes; it may have no limit */
	/* The relay itself has changed accounts.json; the callee reads it again. NULL: nobody. */
	void (*accounts_edited)(void *owner);
	void *accounts_edited_owner;
	struct event_hub *events;       /* the main thread only; NULL before and after */
	context_declare_fn *on_declare; /* NULL: nobody listens */
	context_gone_fn *on_gone;       /* the same */
	void *on_declare_owner;         /* of both */
};

#endif
