/*
 * What every way to publish names has in common: one name at a time is handed to it, and it says
 * later, from the loop, what became of it.
 */
#ifndef GROUNDNUT_RELAY_NAMES_PUBLISHER_H
#define GROUNDNUT_RELAY_NAMES_PUBLISHER_H

#include "shared/base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PUBLISH_ADDRESSES = 8 };

struct publish_set {
	bool due;      /* this family is to be brought out */
	uint8_t count; /* 0: there is to be no such record */
	struct addr list[PUBLISH_ADDRESSES];
};

struct publish_job {
	const char *name;           /* full name; valid until the job is answered */
	struct publish_set sets[2]; /* A, AAAA */
};

enum publish_result {
	PUBLISH_OK,
	PUBLISH_REFUSED, /* this name only: others may do better */
	PUBLISH_LATER,   /* the server: nobody is tried until the back-off or wait_ms is over */
	PUBLISH_STOP,    /* not again until the configuration is read anew */
};

/* Once for each job, never from inside publish(). error: one sentence, NULL with PUBLISH_OK.
 * wait_ms 0: the usual back-off. */
typedef void publish_done_fn(void *owner, enum publish_result result, uint64_t wait_ms,
			     const char *error);

struct publisher_kind {
	const char *kind; /* as in relay.json */
	/* whether this name is its business */
	bool (*serves)(const void *self, const char *name);
	void (*publish)(void *self, const struct publish_job *job); /* one at a time */
	void (*close)(void *self);                                  /* no done after this */
};

#endif
