/*
 * The running relay's parts: service.c makes and ends them, the other files at the top put new
 * configurations in force in them. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_RELAY_PARTS_H
#define GROUNDNUT_RELAY_RELAY_PARTS_H

#include "relay/agents/agent_listener.h"
#include "relay/names/names_link.h"
#include "relay/names/names_service.h"

struct relay_parts {
	struct context context;
	struct registry *registry;
	struct agent_listener *agent_listener;
	struct own_listeners *listeners;
	struct names_service *names; /* NULL before it starts and after it stops */
	struct names_link names_link;
};

#endif
