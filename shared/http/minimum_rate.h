/*
 * How long a visitor has been waited for (to send more of a request, or to take an answer), set
 * against the bytes that it brought or took meanwhile. One that moves at MINIMUM_RATE_RATE or
 * better is never behind, and saves a little for a pause. Pure.
 */
#ifndef GROUNDNUT_HTTP_MINIMUM_RATE_H
#define GROUNDNUT_HTTP_MINIMUM_RATE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	MINIMUM_RATE_RATE = 4000, /* bytes that make up for a second */
};

struct minimum_rate {
	int64_t saved_most_ms; /* the most that bytes save for later */
	bool waiting;
	uint64_t since_ms; /* up to here the waiting is counted */
	int64_t lag_ms;    /* … and came to this */
	uint64_t progress; /* as far as it is counted */
};

void minimum_rate_init(struct minimum_rate *p, int64_t saved_most_ms, uint64_t now_ms);
/* from now on the visitor is waited for, or is not */
void minimum_rate_wait(struct minimum_rate *p, bool waiting, uint64_t now_ms);
/* something new begins: it is not behind any more, and keeps what it has saved */
void minimum_rate_pardon(struct minimum_rate *p, uint64_t now_ms);
/* How far it is behind; negative: what it has saved; 0 while it is not waited for. progress: all
 * bytes that it has brought and taken so far. */
int64_t minimum_rate_lag_ms(struct minimum_rate *p, uint64_t progress, uint64_t now_ms);

#endif
