/*
 * The probes that an agent has asked one of its doors to answer, each for PROBE_ARMED_MS. Pure. A
 * door has none most of the time: then the pointer is NULL, and everything here takes that.
 */
#ifndef GROUNDNUT_RELAY_DOORS_ARMED_PROBES_H
#define GROUNDNUT_RELAY_DOORS_ARMED_PROBES_H

#include "shared/tunnel/probe.h"

enum { ARMED_PROBES_MOST = 4 }; /* of one door; the oldest makes room */

struct armed_probe {
	uint16_t port; /* 0: any */
	uint8_t nonce[PROBE_NONCE];
	uint8_t proof[PROBE_PROOF];
	uint64_t until_ms; /* 0: none is here */
};
struct armed_probes {
	struct armed_probe items[ARMED_PROBES_MOST];
	size_t next;
};

/* *all is made at the first; freed by the owner. */
void armed_probes_add(struct armed_probes **all, const struct armed_probe *p);
/* When the last one of that port is over; 0: there is none now. */
uint64_t armed_probes_until(const struct armed_probes *all, uint16_t port, uint64_t now_ms);
/* What the first bytes of a newcomer are; of PROBE_WHOLE, *which is the probe's. */
enum probe_match armed_probes_match(const struct armed_probes *all, uint16_t port, uint64_t now_ms,
				    const void *p, size_t len, const struct armed_probe **which);

#endif
