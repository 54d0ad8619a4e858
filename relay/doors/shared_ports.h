/*
 * The http and tls ports that all mappings share. It reads just enough of each visitor to know
 * which host the visitor wants (a request's head, a ClientHello), then sends it to the door of that
 * host. Main loop only, unless a function says otherwise.
 *
 * Unfinished visitors are bounded by limits.head_s, limits.unfinished_heads_per_source,
 * SHARED_PORTS_MOST and SHARED_PORTS_BYTES. Over a bound the oldest one ends, so slow visitors push
 * out each other. After the first head the bounds of http_door.c hold.
 */
#ifndef GROUNDNUT_RELAY_DOORS_SHARED_PORTS_H
#define GROUNDNUT_RELAY_DOORS_SHARED_PORTS_H

#include "relay/context.h"
#include "shared/net/client_hello.h"
#include "shared/http/http_gateway.h"
#include "shared/net/io.h"

enum { SHARED_PORTS_MOST = 16384, SHARED_PORTS_BYTES = 64 * 1024 * 1024 };

/* What it asks of the owner. */
struct shared_ports_calls {
	/* Returns the status for a request for a host that no mapping has: 404; 503 when its
	 * account has no agent here now; 509 when its account has used its quota. */
	unsigned (*absent_status)(void *owner, const char *host);
	/* Takes a visitor whose ClientHello asks for the agents' protocol. Reading io gives the
	 * ClientHello again. */
	void (*take_agent)(void *owner, struct io *io);
	/* Takes an HTTP request for the relay itself while `update` is on. Reading io gives the
	 * request again; its peer is the visitor. */
	void (*take_own)(void *owner, struct io *io);
	/* Takes a CA that validates the relay's own name (tls-alpn-01). True: it has taken io, and
	 * reading io gives the ClientHello again. False: no CA validates this host. */
	bool (*take_validation)(void *owner, struct io *io, const char *host);
	void *owner;
};

struct shared_ports *shared_ports_new(struct context *c, const struct shared_ports_calls *above);
void shared_ports_free(struct shared_ports *f);

/* The listener_fn of the shared ports; owner is the struct shared_ports. */
void shared_ports_accept_http(void *owner, int fd, const struct addr *peer,
			      const struct addr *local);
void shared_ports_accept_tls(void *owner, int fd, const struct addr *peer,
			     const struct addr *local);
/* The same for a tls port that the agents use, too. */
void shared_ports_accept_tls_or_agent(void *owner, int fd, const struct addr *peer,
				      const struct addr *local);

/* Takes a visitor that came to an https mapping's own port; takes the parcel over. Any loop. */
void shared_ports_take_tls(struct context *c, struct io_parcel *parcel);
/* Takes an HTTP visitor back that asks for another host, or whose door is gone. Its request
 * waits to be routed. Takes both over. Any loop. */
void shared_ports_return(struct context *c, struct io_parcel *parcel, struct http_gateway *gateway);
/* Sends the alert and closes the connection, on the given loop. Takes the parcel over. */
void shared_ports_alert(struct loop *l, struct io_parcel *parcel, enum client_hello_alert alert);

#endif
