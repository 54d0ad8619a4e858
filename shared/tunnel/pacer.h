/*
 * How fast a link may send over a thin line, so that its queue stays short. What a home's router
 * (or a carrier) holds in front of the line makes everybody wait, and a congestion control that
 * waits for losses fills it. So while a link always has more to send, its rate is what the path was
 * seen to carry, a little more while the queue is shorter than wanted, a little less while it is
 * longer. There is no limit before a queue has been longer than wanted: while a transfer comes up
 * to speed, what it has carried says nothing of the line. Links that use bbr are paced only while
 * somebody waits for a few bytes among bulk; bbr keeps two round trips' worth under way, which is
 * short for bulk alone.
 *
 * The queue is the round trip less the least that the kernel has seen. What of it does not shrink
 * while the rate is reduced is not this link's (another's traffic, a path that has become longer, a
 * busy machine), and counts no more.
 *
 * Pure; one for each link.
 */
#ifndef GROUNDNUT_TUNNEL_PACER_H
#define GROUNDNUT_TUNNEL_PACER_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PACER_FAST = 6 * 1000 * 1000, /* bytes a second: above, no limit */
	PACER_QUEUE_US = 50000,       /* wanted while all that moves is bulk, */
	PACER_QUEUE_MIXED_US = 20000, /* and while somebody waits for a few bytes among it */
};

struct pacer_sample {
	uint64_t now_ms;
	uint64_t carried; /* bytes a second, since the last sample */
	uint32_t rtt_us, least_rtt_us;
	bool full;  /* there was always more to send */
	bool mixed; /* somebody waits for a few bytes */
};

struct pacer {
	bool limits;            /* a queue longer than wanted was there */
	uint64_t rate;          /* that may be sent, bytes a second; 0: no limit */
	uint64_t seen;          /* what the path carries, smoothed */
	uint64_t best, best_ms; /* the most of the last seconds, and when */
	uint64_t full_ms;       /* when there was last always more to send */
	int64_t foreign_us;     /* of the queue, what is not this link's */
	uint64_t reduced_ms;    /* since when the rate is reduced; 0: it is not, … */
	int64_t reduced_us;     /* … and how long the queue was then */
};

void pacer_init(struct pacer *p);
/* Each 50 to 200 ms while the link is busy. Returns the rate from now on; 0: no limit. */
uint64_t pacer_look(struct pacer *p, const struct pacer_sample *s);

#endif
