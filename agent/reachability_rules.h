/* The rules of reachability.h: which address is dialled, which ports are tried, when the next probe
 * comes, and the words for people. Pure. */
#ifndef GROUNDNUT_AGENT_REACHABILITY_RULES_H
#define GROUNDNUT_AGENT_REACHABILITY_RULES_H

#include "agent/reachability_attempt.h"

enum { REACHABILITY_PORTS = 3 };

/* Returns the address to dial. It is the one that STATE names in public_text when that is public,
 * else the one that the link goes to. So a relay that names an address such as 192.168.1.1 cannot
 * have the agent dial into the LAN. */
struct addr reachability_address(const struct addr *link, const char *public_text, uint16_t port);
/* Chooses the ports of a range that are tried: the first, the last, and a random one between.
 * Returns how many they are. */
size_t reachability_ports(const struct mapping *m, uint32_t random,
			  uint16_t out[REACHABILITY_PORTS]);
/* Writes the host to ask for. For a wildcard it is a random name below it. */
void reachability_host(const char *host, uint32_t random, char out[256]);
/* How long until the next probe. is_yes: the last one got through. */
uint64_t reachability_again_ms(bool is_yes);
/* Returns why visitors do not get through; the caller frees it. host: the host that was asked for,
 * or NULL for a mapping without one. */
char *reachability_words(const struct addr *at, const char *host,
			 enum reachability_attempt_result result);

#endif
