/*
 * The agents' door: accepts, does TLS, reads HELLO, checks the token, and hands the link to its
 * home. Nothing is believed before that: 10 s, 4 KiB, at most AGENT_LISTENER_PEERS such peers and
 * AGENT_LISTENER_PEERS_EACH of one address (beyond, the oldest goes; one that has just come may
 * finish, up to AGENT_LISTENER_PEERS_BURST: many homes share a carrier's address, and come back
 * together), and addresses that keep failing are turned away for a while. Where an address is a tls
 * port as well, everybody goes through the front, which sends the agents back. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_AGENT_LISTENER_H
#define GROUNDNUT_RELAY_AGENTS_AGENT_LISTENER_H

#include "relay/agents/registry.h"

struct agent_listener;

enum {
	AGENT_LISTENER_PEERS = 1024,
	AGENT_LISTENER_PEERS_EACH = 64,
	AGENT_LISTENER_PEERS_BURST = 512,
	AGENT_LISTENER_FAILED_BURST = 50
};

/* Listens on every address of the configuration. NULL with *why (freed by the caller): one could
 * not be bound; that is fatal. */
struct agent_listener *agent_listener_open(struct context *w, struct registry *agents,
					   struct tls_context *tls, char **why);
/* Another configuration is in force: the certificate (by reference) and limits for newcomers. */
void agent_listener_reload(struct agent_listener *d, struct tls_context *tls);
/* A peer who came by another listener: its ClientHello, early, asks for us. Takes io. */
void agent_listener_take(struct agent_listener *d, struct io *io, const void *early,
			 size_t early_len);
void agent_listener_close(struct agent_listener *d);

#endif
