/*
 * The agents' door: accepts, does TLS, reads HELLO, checks the token, and hands the link to its
 * home. Nothing is believed before that: 10 s, 4 KiB, at most DOOR_PEERS such peers and
 * DOOR_PEERS_EACH of one address (beyond, the oldest goes; one that has just come may finish, up to
 * DOOR_PEERS_BURST: many homes share a carrier's address, and come back together), and addresses
 * that keep failing are turned away for a while. Where an address is a tls port as well, everybody
 * goes through the front, which sends the agents back. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_DOOR_H
#define GROUNDNUT_RELAY_DOOR_H

#include "relay/agents.h"

struct door;

enum { DOOR_PEERS = 1024, DOOR_PEERS_EACH = 64, DOOR_PEERS_BURST = 512, DOOR_FAILED_BURST = 50 };

/* Listens on every address of the configuration. NULL with *why (freed by the caller): one could
 * not be bound; that is fatal. */
struct door *door_open(struct world *w, struct agents *agents, struct tls_context *tls, char **why);
/* Another configuration is in force: the certificate (by reference) and limits for newcomers. */
void door_reload(struct door *d, struct tls_context *tls);
/* A peer who came by another listener: its ClientHello, early, asks for us. Takes io. */
void door_take(struct door *d, struct io *io, const void *early, size_t early_len);
void door_close(struct door *d);

#endif
