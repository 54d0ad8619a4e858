/*
 * The agents' door: accepts, does TLS, reads HELLO, checks the token, and hands the link to its home. Nothing is believed before that: 10 s, 4 KiB, at
 * most DOOR_PEERS such peers; of one address DOOR_PEERS_EACH that have been there for DOOR_YOUNG_MS, and DOOR_HERD in all, for many homes come
 * at once when their carrier's path heals (beyond, the oldest goes). Addresses that keep failing are turned away for a while; a valid token pays
 * for the ways that its agent dialled beside the one it used. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_DOOR_H
#define GROUNDNUT_RELAY_DOOR_H

#include "relay/agents.h"

struct door;

enum { DOOR_PEERS = 1024, DOOR_PEERS_EACH = 64, DOOR_HERD = 768, DOOR_YOUNG_MS = 2000, DOOR_FAILED_BURST = 50, DOOR_FORGIVEN = 3 };

/* Listens on every address of the configuration. NULL with *why (freed by the caller): one could not be bound; that is fatal. */
struct door *door_open(struct world *w, struct agents *agents, struct tls_context *tls, char **why);
void door_set_tls(struct door *d, struct tls_context *tls); /* for newcomers; takes its own reference */
void door_close(struct door *d);

#endif
