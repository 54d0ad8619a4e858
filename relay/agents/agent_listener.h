/*
 * Where agents connect. It accepts a connection, does TLS, reads HELLO, checks the token, and hands
 * the link to the registry. Nothing is believed before that. A newcomer has 10 s and 4 KiB. The
 * newcomers are bounded in all (unauthenticated_peers.h), and for one address by
 * AGENT_LISTENER_PEERS_EACH: beyond that its oldest ends. But one that has just come may finish, up
 * to AGENT_LISTENER_PEERS_BURST of an address, because many agents share a carrier's address and
 * come back together. Addresses that keep failing are turned away for a while. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_AGENT_LISTENER_H
#define GROUNDNUT_RELAY_AGENTS_AGENT_LISTENER_H

#include "relay/agents/agent_registry.h"

struct agent_listener;

enum {
	AGENT_LISTENER_PEERS_EACH = 64,
	AGENT_LISTENER_PEERS_BURST = 512,
	AGENT_LISTENER_FAILED_BURST = 50
};

struct agent_listener *agent_listener_new(struct context *c, struct agent_registry *agents,
					  struct tls_context *tls);
void agent_listener_free(struct agent_listener *d); /* the newcomers end, too */
/* Another configuration is in force: takes its limits for newcomers, and a reference to tls, the
 * certificate from now on. */
void agent_listener_reload(struct agent_listener *d, struct tls_context *tls);

/* The listener_fn; owner is the struct agent_listener. */
void agent_listener_accept(void *owner, int fd, const struct addr *peer, const struct addr *local);
/* Takes a peer that came by a shared port and asks for the agents' protocol. Reading io gives its
 * ClientHello again. Takes io over. */
void agent_listener_take(struct agent_listener *d, struct io *io);

#endif
