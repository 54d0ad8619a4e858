/*
 * Keeps the last events (event.h). Each event has a number that is higher than all numbers before
 * it, also those of an earlier process, so a reader that comes back can name the last event that it
 * has seen. The events are bounded in all, for each account, and for each kind without an account:
 * neither one account nor strangers who guess can push out all other events. Pure.
 */
#ifndef GROUNDNUT_BASE_EVENT_RING_H
#define GROUNDNUT_BASE_EVENT_RING_H

#include "shared/base/event.h"
#include "shared/base/json.h"

struct event_ring;

enum {
	EVENT_RING_MOST = 2048,
	EVENT_RING_EACH = 256, /* of one account, or of one kind without an account */
	EVENT_RING_TEXT = 512  /* the most bytes of each text, with its NUL */
};

/* now_ms: UNIX time; it is the number of the first event. */
struct event_ring *event_ring_new(uint64_t now_ms);
void event_ring_free(struct event_ring *r); /* NULL does nothing */
/* Copies the event; its texts are cut and lose control characters. time_ms: UNIX time. */
void event_ring_add(struct event_ring *r, const struct event *e, uint64_t time_ms);
uint64_t event_ring_last(const struct event_ring *r); /* the number of the newest; 0: none */
/* Writes the events with a number above after into an open array, the oldest first. When there are
 * more than most, it writes the newest. only: one kind, or EVENT_KIND_COUNT for all kinds. */
void event_ring_write(const struct event_ring *r, uint64_t after, size_t most, enum event_kind only,
		      struct json *w);

#endif
