/*
 * The door of one mapping: what visitors come in by. Kinds (tcp, udp, http, tls) differ in how they listen and what a visitor is; what is
 * common, the claim, the state, the counts, is here.
 *
 * A door outlives a change of session when the new DECLARE wants the same public side: then it is adopted under the new mapping id,
 * without a new bind.
 */
#ifndef GROUNDNUT_RELAY_DOORS_MAPPING_DOOR_H
#define GROUNDNUT_RELAY_DOORS_MAPPING_DOOR_H

#include "relay/home.h"
#include "shared/base/rate_table.h"
#include "shared/net/splice.h"

struct mapping_door;

enum { DOOR_WAITING = 256 }; /* newcomers that may wait for the home before the door rests */

/* What a kind does; the door's claim is taken before open and let go after close. Functions that need not exist are NULL. */
struct door_kind {
	size_t size;                                  /* of its struct, which begins with struct mapping_door */
	void (*init)(struct mapping_door *d);
	int (*open)(struct mapping_door *d);          /* 0, or negative after mapping_door_set_error() */
	void (*close)(struct mapping_door *d);        /* listen no more; visitors have been cleared */
	void (*rest)(struct mapping_door *d);         /* take no newcomers … */
	void (*wake)(struct mapping_door *d);         /* … and take them again */
	void (*clear)(struct mapping_door *d, bool graceful, enum reset_code code);
	void (*fini)(struct mapping_door *d);
};
extern const struct door_kind TCP_DOOR, UDP_DOOR;

struct mapping_door {
	const struct door_kind *kind;
	struct home *home;
	struct mapping mapping;
	bool is_open, resting;
	char *error;                /* why it is not open */
	uint64_t now, total;        /* visitors */
	uint64_t flows, dropped;    /* udp */
	struct splice_count count;  /* near_to_far goes toward home */
	unsigned newcomers;         /* let in while the home is detached */
	struct timer *rest_timer;
	struct shaper *shaper;      /* NULL: neither mapping nor account has a limit */
	struct rate_table *rates;   /* newcomers of each source; NULL: no limit */
};

/* mapping is copied. It is not open yet; NULL never. */
struct mapping_door *mapping_door_new(struct home *h, const struct mapping *mapping);
/* Claim and listen. 0, or negative with error set: to be tried again later. */
int mapping_door_open(struct mapping_door *d);
void mapping_door_set_error(struct mapping_door *d, char *error); /* takes it */
bool mapping_door_fits(const struct mapping_door *d, const struct mapping *m); /* open, and the same public side */
void mapping_door_adopt(struct mapping_door *d, const struct mapping *mapping);
void mapping_door_rest(struct mapping_door *d);
void mapping_door_wake(struct mapping_door *d);  /* those who wait are counted anew */
/* Cut the visitors. graceful: what has come for them is still written (the session has ended); else they are reset now. */
void mapping_door_clear(struct mapping_door *d, bool graceful, enum reset_code code);
void mapping_door_shut(struct mapping_door *d, char *error); /* no longer allowed: cut, closed, the claim let go; takes error */
void mapping_door_close(struct mapping_door *d); /* NULL does nothing */
void mapping_door_status(const struct mapping_door *d, const char *public_text, struct json *w);

/* --- for the kinds --- */
/* NULL: this visitor may come in, and is counted (mapping_door_leave() gives it back). Else why not. */
const char *mapping_door_enter(struct mapping_door *d, const struct addr *peer);
void mapping_door_leave(struct mapping_door *d);
struct shaper *mapping_door_shaper(struct mapping_door *d); /* for a newcomer; NULL: no limit. It lives as long as the door */
bool mapping_door_allows(const struct mapping_door *d, const struct addr *peer);
/* After a newcomer: rest when too many wait. */
void mapping_door_crowd(struct mapping_door *d);
/* Calls listen for each port of the mapping on each address of "bind"; stops at the first that is negative. */
int mapping_door_each_address(struct mapping_door *d, int (*listen)(struct mapping_door *d, const struct addr *at, bool v6only));

#endif
