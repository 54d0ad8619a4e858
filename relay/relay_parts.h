/*
 * The parts of the running relay. service.c makes and ends them; the other files at the top put new
 * configurations in force in them. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_RELAY_PARTS_H
#define GROUNDNUT_RELAY_RELAY_PARTS_H

#include "relay/accounts/traffic.h"
#include "relay/admin/relay_api.h"
#include "relay/agents/agent_listener.h"
#include "relay/names/challenges.h"
#include "relay/names/ddns_server.h"
#include "relay/names/declared_names.h"
#include "relay/names/dns_server.h"
#include "relay/own_certificate.h"

struct relay_parts {
	struct context context;
	struct agent_registry *registry;
	struct agent_listener *agent_listener;
	struct own_listeners *listeners;
	/* this and the servers: NULL before the start and after the stop */
	struct name_registry *names;
	struct dns_server *dns_server;
	struct ddns_server *ddns_server;
	struct relay_api *relay_api;
	struct declared_names *declared_names;
	struct challenges *challenges;
	struct own_certificate *own_certificate;
	uint64_t started_ms; /* of loop_clock_ms() */
};

#endif
