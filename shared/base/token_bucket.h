/*
 * A token bucket: how much may go now, and when more. Pure: the caller gives the time. Units are
 * whatever the caller counts: bytes for bandwidth, ones for connections. A bucket may be overdrawn
 * (a datagram goes whole or not at all); it then gives nothing until the debt is paid, so the rate
 * holds in the long run.
 */
#ifndef GROUNDNUT_BASE_TOKEN_BUCKET_H
#define GROUNDNUT_BASE_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

enum { TOKEN_BUCKET_BANDWIDTH_MS = 50, TOKEN_BUCKET_BANDWIDTH_MIN = 4096 };

struct token_bucket {
	uint64_t rate;  /* units a second; 0: no limit */
	uint64_t burst; /* units it holds when full */
	int64_t level;  /* thousandths of a unit; negative: in debt */
	uint64_t at_ms; /* when level was true */
};

/* Full at the start. Rates up to 10^12; a burst of 0 counts as 1. */
void token_bucket_init(struct token_bucket *b, uint64_t rate, uint64_t burst, uint64_t now_ms);
/* Bytes, for a bandwidth in bits a second (0: no limit): holds 50 ms of it, so the flow is smooth,
 * and never less than 4 KiB. */
void token_bucket_init_bandwidth(struct token_bucket *b, uint64_t bits_per_second, uint64_t now_ms);
/* Another rate from now on; what is left (or owed) stays, as far as the new burst holds it. */
void token_bucket_change(struct token_bucket *b, uint64_t rate, uint64_t burst, uint64_t now_ms);
void token_bucket_change_bandwidth(struct token_bucket *b, uint64_t bits_per_second,
				   uint64_t now_ms);

/* whole units that may go now; UINT64_MAX: no limit */
uint64_t token_bucket_room(struct token_bucket *b, uint64_t now_ms);
/* Taken in any case: a caller that can wait asks token_bucket_room first. */
void token_bucket_take(struct token_bucket *b, uint64_t units);
/* back, as far as it holds them */
void token_bucket_give(struct token_bucket *b, uint64_t units, uint64_t now_ms);
/* takes them if they are all there */
bool token_bucket_try(struct token_bucket *b, uint64_t units, uint64_t now_ms);
/* Milliseconds until token_bucket_room is at least units (or the burst, if that is less); 0:
 * now. Ask for a worthwhile piece (half the burst), or the wait is a millisecond and the piece
 * tiny. */
uint64_t token_bucket_wait_ms(struct token_bucket *b, uint64_t units, uint64_t now_ms);
static inline uint64_t token_bucket_piece(const struct token_bucket *b)
{
	return b->burst / 2 + 1;
}

#endif
