/*
 * How many bytes of a session may be under way on a link: sent, and not yet acknowledged by the
 * peer's program. The kernel limits what is unsent and what the network holds. Only this limits
 * what lies unread in the peer's receive buffer, or in a program in between. The limit is what the
 * path carries in two round trips, or what keeps both ends busy: more would only make everyone
 * wait, and fall out of the caches. Four round trips are allowed while the rate still rises, since
 * the path is not known yet, and where packets are lost, since what comes behind a lost one waits a
 * round trip for it. While the rate rises the path is taken to carry 25 MB/s at least, a quarter of
 * that while somebody waits for a few bytes: a small transfer, or a lost packet in the first round
 * trip, says much less, and the kernel's own limit still holds.
 *
 * A queue that never drains looks like a longer path, since the least round trip of a window is
 * only as good as its quietest moment. Then the limit is larger than needed, never too small.
 *
 * What a window of silence lies behind is forgotten with the first answer: an idle home may have
 * moved to a longer path.
 *
 * Pure. There is one for each link. Probes measure rate and round trip: a byte goes out, its ACK
 * comes back. Several probes are under way at a time, spread over the bytes under way. With one
 * probe, a gain would be seen two round trips later.
 */
#ifndef GROUNDNUT_TUNNEL_IN_FLIGHT_H
#define GROUNDNUT_TUNNEL_IN_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	IN_FLIGHT_BULK = 768 * 1024,  /* beside two round trips: while all that moves is bulk, */
	IN_FLIGHT_MIXED = 128 * 1024, /* and while somebody waits for a few bytes among it */
	IN_FLIGHT_PROBES = 8,
	/* the least round trip and the best rate of 10 to 20 s count */
	IN_FLIGHT_WINDOW_US = 10000000,
};

/* The best of the window that is filling, and of the one before. */
struct in_flight_best {
	uint64_t now, before;
};

struct in_flight_probe {
	uint64_t at;             /* bytes that must be acknowledged to answer it */
	uint64_t sent_us, acked; /* when it went out, and how many were acknowledged then */
};

struct in_flight {
	uint64_t gone;                                   /* as last told */
	struct in_flight_probe probes[IN_FLIGHT_PROBES]; /* a ring */
	unsigned first, count;                           /* under way: the oldest, and how many */
	uint64_t turned_us;                              /* when the windows were last turned */
	uint64_t answered_us;                            /* when a probe last was */
	struct in_flight_best rtt_us;                    /* least; 0: not known */
	struct in_flight_best rate;                      /* most; bytes a second */
	uint64_t risen, risen_us; /* the rate when it last rose by a quarter, and when */
	bool growing;             /* that was lately: the path is not known yet */
};

void in_flight_init(struct in_flight *f, uint64_t now_us);
/* Right after sending. gone: bytes sent on this link in all; acked: how many of them are
 * acknowledged. */
void in_flight_sent(struct in_flight *f, uint64_t gone, uint64_t acked, uint64_t now_us);
void in_flight_acked(struct in_flight *f, uint64_t acked, uint64_t now_us);
/* How many bytes may be under way at most. mixed: somebody waits for a few bytes among bulk. loses:
 * the path loses packets. */
size_t in_flight_most(const struct in_flight *f, bool mixed, bool loses);

#endif
