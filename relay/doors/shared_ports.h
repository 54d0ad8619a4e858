/*
 * The http and tls ports that all mappings share. Of each visitor just enough is read to know which
 * host it wants (a request's head, a ClientHello); then it goes to the door that serves that host.
 * Main loop only, where nothing else is said.
 *
 * Unfinished visitors are bounded by limits.head_s, limits.unfinished_heads_per_source,
 * SHARED_PORTS_MOST and SHARED_PORTS_BYTES. Over a bound the oldest goes, so that slow visitors
 * push out each other. What comes after the first head is bounded by http_door.c.
 */
#ifndef GROUNDNUT_RELAY_DOORS_SHARED_PORTS_H
#define GROUNDNUT_RELAY_DOORS_SHARED_PORTS_H

#include "relay/context.h"
#include "shared/net/client_hello.h"
#include "shared/http/http_gateway.h"
#include "shared/net/io.h"

enum { SHARED_PORTS_MOST = 16384, SHARED_PORTS_BYTES = 64 * 1024 * 1024 };

/* What the rooms above are asked, and what is given to them. */
struct shared_ports_calls {
	/* what a request for a host that no mapping has is answered: 404; or 503, 509, where it is
	 * an account's that is not here now, or has used its quota */
	unsigned (*absent_status)(void *owner, const char *host);
	/* Its ClientHello asks for the agents' protocol. Takes io, which gives it again. */
	void (*take_agent)(void *owner, struct io *io);
	/* An HTTP request for the relay itself while `update` is on. Takes io, which gives it
	 * again; its peer is the visitor. */
	void (*take_own)(void *owner, struct io *io);
	/* A CA looks whether a name is the relay's own (tls-alpn-01). True: it took io, which gives
	 * the ClientHello again; false: that is not asked for. */
	bool (*take_validation)(void *owner, struct io *io, const char *host);
	void *owner;
};

struct shared_ports *shared_ports_new(struct context *c, const struct shared_ports_calls *above);
void shared_ports_free(struct shared_ports *f);

/* listener_fn of the shared ports; owner is the struct shared_ports. */
void shared_ports_accept_http(void *owner, int fd, const struct addr *peer,
			      const struct addr *local);
void shared_ports_accept_tls(void *owner, int fd, const struct addr *peer,
			     const struct addr *local);
/* The same, of a port that is the agents', too. */
void shared_ports_accept_tls_or_agent(void *owner, int fd, const struct addr *peer,
				      const struct addr *local);

/* Any loop: a visitor came to an https mapping's own port. Takes the parcel. */
void shared_ports_take_tls(struct context *c, struct io_parcel *parcel);
/* Any loop: an HTTP visitor asks for another host, or its door has gone. Its request waits to be
 * routed. Takes both. */
void shared_ports_return(struct context *c, struct io_parcel *parcel, struct http_gateway *gateway);
/* On the loop given: sends the alert and closes. Takes the parcel. */
void shared_ports_alert(struct loop *l, struct io_parcel *parcel, enum client_hello_alert alert);

#endif
