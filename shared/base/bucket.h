/*
 * A token bucket: how much may go now, and when more. Pure: the caller gives the time. Units are
 * whatever the caller counts: bytes for bandwidth, ones for connections. A bucket may be overdrawn
 * (a datagram goes whole or not at all); it then gives nothing until the debt is paid, so the rate
 * holds in the long run.
 */
#ifndef GROUNDNUT_BASE_BUCKET_H
#define GROUNDNUT_BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

enum { BUCKET_BANDWIDTH_MS = 50, BUCKET_BANDWIDTH_MIN = 4096 };

struct bucket {
	uint64_t rate;  /* units a second; 0: no limit */
	uint64_t burst; /* units it holds when full */
	int64_t level;  /* thousandths of a unit; negative: in debt */
	uint64_t at_ms; /* when level was true */
};

/* Full at the start. Rates up to 10^12; a burst of 0 counts as 1. */
void bucket_init(struct bucket *b, uint64_t rate, uint64_t burst, uint64_t now_ms);
/* Bytes, for a bandwidth in bits a second (0: no limit): holds 50 ms of it, so the flow is smooth,
 * and never less than 4 KiB. */
void bucket_init_bandwidth(struct bucket *b, uint64_t bits_per_second, uint64_t now_ms);
/* Another rate from now on; what is left (or owed) stays, as far as the new burst holds it. */
void bucket_change(struct bucket *b, uint64_t rate, uint64_t burst, uint64_t now_ms);
void bucket_change_bandwidth(struct bucket *b, uint64_t bits_per_second, uint64_t now_ms);

/* whole units that may go now; UINT64_MAX: no limit */
uint64_t bucket_room(struct bucket *b, uint64_t now_ms);
/* in any case; whoever may wait asks bucket_room first */
void bucket_take(struct bucket *b, uint64_t units);
/* back, as far as it holds them */
void bucket_give(struct bucket *b, uint64_t units, uint64_t now_ms);
/* takes them if they are all there */
bool bucket_try(struct bucket *b, uint64_t units, uint64_t now_ms);
/* Milliseconds until bucket_room is at least units (or the burst, if that is less); 0: now. Ask
 * for a worthwhile piece (half the burst), or the wait is a millisecond and the piece tiny. */
uint64_t bucket_wait_ms(struct bucket *b, uint64_t units, uint64_t now_ms);
static inline uint64_t bucket_piece(const struct bucket *b)
{
	return b->burst / 2 + 1;
}

#endif
