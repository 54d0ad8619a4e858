/*
 * Which home holds which public ports, over all loops: the one thing they share, behind a mutex
 * that is touched when mappings come and go, never on the data path. Ranges of one protocol may not
 * overlap.
 */
#ifndef GROUNDNUT_RELAY_PORTS_H
#define GROUNDNUT_RELAY_PORTS_H

#include "shared/tunnel/mapping.h"

struct ports;

struct ports *ports_new(size_t most); /* ports, of all mappings */
void ports_free(struct ports *p);
/* True and held; or false and *holder (freed by the caller) names who holds a port of it:
 * "alice/nas"; NULL: there is no room for so many. */
bool ports_claim(struct ports *p, enum mapping_protocol protocol, uint16_t first, uint16_t last,
		 const char *owner, char **holder);
void ports_release(struct ports *p, enum mapping_protocol protocol, uint16_t first, uint16_t last);

#endif
