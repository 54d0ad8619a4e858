/*
 * How long a visitor has kept us waiting (for more of a request, or for room to write an answer
 * to), set against the bytes that he brought or took meanwhile. Whoever moves at MINIMUM_RATE_RATE
 * or better is never behind, and has a little saved for a pause. Pure.
 */
#ifndef GROUNDNUT_RELAY_DOORS_MINIMUM_RATE_H
#define GROUNDNUT_RELAY_DOORS_MINIMUM_RATE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	MINIMUM_RATE_RATE = 4000,      /* bytes that make up for a second */
	MINIMUM_RATE_SAVED_MS = 60000, /* the most that bytes save for later */
};

struct minimum_rate {
	bool waiting;
	uint64_t since_ms; /* up to here the waiting is counted */
	int64_t lag_ms;    /* … and came to this */
	uint64_t progress; /* as far as it is counted */
};

void minimum_rate_init(struct minimum_rate *p, uint64_t now_ms);
/* from now on we wait for him, or do not */
void minimum_rate_wait(struct minimum_rate *p, bool waiting, uint64_t now_ms);
/* something new begins: he is not behind any more, what he has saved he keeps */
void minimum_rate_pardon(struct minimum_rate *p, uint64_t now_ms);
/* progress: all bytes he has brought and taken so far. How far he is behind; negative: what he has
 * saved. 0 while we do not wait for him. */
int64_t minimum_rate_lag_ms(struct minimum_rate *p, uint64_t progress, uint64_t now_ms);

#endif
