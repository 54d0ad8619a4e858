/*
 * The last events (event.h), for whoever looks. Each has a number, higher than all before it, also
 * than those of the process before, so that a reader who comes back says what it has seen. Bounded,
 * in all, for each account, and for each kind of those that belong to none, so that neither one
 * account nor strangers who guess push out what else happened. Pure.
 */
#ifndef GROUNDNUT_BASE_EVENT_RING_H
#define GROUNDNUT_BASE_EVENT_RING_H

#include "shared/base/event.h"
#include "shared/base/json.h"

struct event_ring;

enum {
	EVENT_RING_MOST = 2048,
	EVENT_RING_EACH = 256, /* of one account; of one kind where there is none */
	EVENT_RING_TEXT = 512  /* bytes of one of its texts */
};

/* now_ms: UNIX time; the first number. */
struct event_ring *event_ring_new(uint64_t now_ms);
void event_ring_free(struct event_ring *r);
/* Texts are copied, without control characters. time_ms: UNIX time. */
void event_ring_add(struct event_ring *r, const struct event *e, uint64_t time_ms);
uint64_t event_ring_last(const struct event_ring *r); /* the number of the newest; 0: none */
/* Writes those behind the number after into an array that is open, oldest first; where there are
 * more than most, the newest. only: of that kind alone; EVENT_KIND_COUNT: all. */
void event_ring_write(const struct event_ring *r, uint64_t after, size_t most, enum event_kind only,
		      struct json *w);

#endif
