/* What reachability.h goes by: which addresses may be dialled, which ports are tried, when
 * again, and the words for people. Pure. */
#ifndef GROUNDNUT_AGENT_REACHABILITY_RULES_H
#define GROUNDNUT_AGENT_REACHABILITY_RULES_H

#include "agent/reachability_attempt.h"

enum { REACHABILITY_PORTS = 3 };

/* Where to dial: the address that the link goes to, or, where STATE names one that is public, that
 * one. A relay that names another, such as 192.168.1.1, gets nobody into the LAN. */
struct addr reachability_address(const struct addr *link, const char *public_text, uint16_t port);
/* Of a range the first port, the last, and one between by random; returns how many. */
size_t reachability_ports(const struct mapping *m, uint32_t random,
			  uint16_t out[REACHABILITY_PORTS]);
/* The name to ask for: of "*.alice.example" one below it that nobody has. */
void reachability_host(const char *host, uint32_t random, char out[256]);
uint64_t reachability_again_ms(bool is_yes);
/* Why not, freed by the caller. host: of http and tls, else NULL. */
char *reachability_words(const struct addr *at, const char *host,
			 enum reachability_attempt_result result);

#endif
