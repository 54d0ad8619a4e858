/*
 * The front of the relay: the ports that all homes share. It reads from each visitor just enough to
 * know who is wanted (a request's head, a ClientHello), and hands the visitor to the door that
 * serves it. Main loop only, where nothing else is said.
 *
 * What is unfinished here is bounded: limits.head_s, limits.unfinished_heads_per_source, FRONT_MOST
 * and FRONT_BYTES (what comes after the first head is the http doors' care); whoever is over makes
 * the oldest go, so that slow ones push out each other and never those who come to say something.
 */
#ifndef GROUNDNUT_RELAY_DOORS_FRONT_H
#define GROUNDNUT_RELAY_DOORS_FRONT_H

#include "relay/agents.h"
#include "relay/doors/http_relay.h"
#include "relay/doors/sni.h"

struct front;
struct door;

enum { FRONT_MOST = 16384, FRONT_BYTES = 64 * 1024 * 1024 };

/* door: agents who come by a tls port go there. Never NULL. */
struct front *front_new(struct world *w, struct agents *agents, struct door *door);
void front_free(struct front *f);

/* listen_fn of the shared ports; owner is the front. */
void front_accept_http(void *owner, int fd, const struct addr *peer, const struct addr *local);
void front_accept_tls(void *owner, int fd, const struct addr *peer, const struct addr *local);

/* Any loop: an HTTP visitor who is wanted elsewhere, or nowhere; his request waits to be routed.
 * Takes both. */
void front_return(struct world *w, struct io_parcel *parcel, struct http_relay *machine);
/* On the loop given: the alert, then the end. Takes the parcel. */
void front_alert(struct loop *l, struct io_parcel *parcel, enum sni_alert alert);

#endif
