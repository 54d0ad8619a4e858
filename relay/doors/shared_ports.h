/*
 * The front of the relay: the ports that all homes share. It reads from each visitor just enough to
 * know who is wanted (a request's head, a ClientHello), and hands the visitor to the door that
 * serves it. Main loop only, where nothing else is said.
 *
 * What is unfinished here is bounded: limits.head_s, limits.unfinished_heads_per_source,
 * SHARED_PORTS_MOST and SHARED_PORTS_BYTES (what comes after the first head is the http doors'
 * care); whoever is over makes the oldest go, so that slow ones push out each other and never those
 * who come to say something.
 */
#ifndef GROUNDNUT_RELAY_DOORS_SHARED_PORTS_H
#define GROUNDNUT_RELAY_DOORS_SHARED_PORTS_H

#include "relay/agents/registry.h"
#include "shared/http/http_gateway.h"
#include "relay/doors/client_hello.h"

struct shared_ports;
struct agent_listener;

enum { SHARED_PORTS_MOST = 16384, SHARED_PORTS_BYTES = 64 * 1024 * 1024 };

/* door: agents who come by a tls port go there. Never NULL. */
struct shared_ports *shared_ports_new(struct context *w, struct registry *agents,
				      struct agent_listener *door);
void shared_ports_free(struct shared_ports *f);

/* listener_fn of the shared ports; owner is the front. */
void shared_ports_accept_http(void *owner, int fd, const struct addr *peer,
			      const struct addr *local);
void shared_ports_accept_tls(void *owner, int fd, const struct addr *peer,
			     const struct addr *local);

/* Any loop: an HTTP visitor who is wanted elsewhere, or nowhere; his request waits to be routed.
 * Takes both. */
void shared_ports_return(struct context *w, struct io_parcel *parcel, struct http_gateway *machine);
/* On the loop given: the alert, then the end. Takes the parcel. */
void shared_ports_alert(struct loop *l, struct io_parcel *parcel, enum client_hello_alert alert);

#endif
