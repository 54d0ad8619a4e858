/*
 * The probes that an agent has asked one of its doors to answer, each for
 * REACHABILITY_PROBE_ARMED_MS. Pure. Most of the time a door has none: then the pointer is NULL,
 * and all functions accept that.
 */
#ifndef GROUNDNUT_RELAY_DOORS_AWAITED_PROBES_H
#define GROUNDNUT_RELAY_DOORS_AWAITED_PROBES_H

#include "shared/tunnel/reachability_probe.h"

enum { AWAITED_PROBES_MOST = 4 }; /* of one door; the oldest makes room */

struct armed_probe {
	uint16_t port; /* 0: any */
	uint8_t nonce[REACHABILITY_PROBE_NONCE];
	uint8_t proof[REACHABILITY_PROBE_PROOF];
	uint64_t until_ms; /* 0: this place is free */
};
struct awaited_probes {
	struct armed_probe items[AWAITED_PROBES_MOST];
	size_t next;
};

/* Adds a copy of the probe. Makes *all when it is NULL; the owner frees it by mem_free(). */
void awaited_probes_add(struct awaited_probes **all, const struct armed_probe *p);
/* Returns when the last probe of the port ends; 0: there is none now. */
uint64_t awaited_probes_until(const struct awaited_probes *all, uint16_t port, uint64_t now_ms);
/* Judges the first bytes of a newcomer. *which: the probe, for REACHABILITY_PROBE_WHOLE. */
enum reachability_probe_match awaited_probes_match(const struct awaited_probes *all, uint16_t port,
						   uint64_t now_ms, const void *p, size_t len,
						   const struct armed_probe **which);

#endif
