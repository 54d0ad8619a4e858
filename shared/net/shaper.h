/* A bandwidth shared by many connections: a token bucket for each direction, and a list of those
 * that wait for more. It may stand below another (a mapping's below its account's), which then
 * limits as well, and which several loops may share. Both may have shares of a line whose rate all
 * bytes of both directions use, fairly by account, then by mapping. */
#ifndef GROUNDNUT_NET_SHAPER_H
#define GROUNDNUT_NET_SHAPER_H

#include "shared/base/list.h"
#include "shared/net/loop.h"

struct shaper;
struct shaper_whole; /* what several loops share: counted, behind a mutex */
struct shaper_line;  /* what all wholes share: counted, behind a mutex */

enum shaper_way { SHAPER_IN, SHAPER_OUT }; /* toward home, from home */

struct shaper_waiter {
	struct list node;
	void (*fn)(void *arg); /* there may be room: ask again */
	void *arg;
};

struct shaper_line *shaper_line_new(uint64_t bits_per_second);            /* 0: no limit */
void shaper_line_change(struct shaper_line *l, uint64_t bits_per_second); /* any thread */
void shaper_line_unref(struct shaper_line *l);                            /* NULL does nothing */

/* 0: no limit. line may be NULL; a reference is taken. */
struct shaper_whole *shaper_whole_new(uint64_t bits_per_second, struct shaper_line *line);
void shaper_whole_change(struct shaper_whole *w, uint64_t bits_per_second); /* any thread */
void shaper_whole_unref(struct shaper_whole *w);                            /* NULL does nothing */

/* whole may be NULL; a reference is taken. bits_per_second 0: only the whole counts. */
struct shaper *shaper_new(struct loop *l, uint64_t bits_per_second, struct shaper_whole *whole);
void shaper_change(struct shaper *s, uint64_t bits_per_second);
/* from now on, if below none yet; a reference is taken */
void shaper_stand_below(struct shaper *s, struct shaper_whole *whole);
void shaper_free(struct shaper *s); /* those who wait are forgotten; NULL does nothing */

/* How many of want bytes may go now; 0: shaper_wait(). */
size_t shaper_room(struct shaper *s, enum shaper_way way, size_t want);
void shaper_took(struct shaper *s, enum shaper_way way, size_t len);
/* told once; asking again while waiting does nothing */
void shaper_wait(struct shaper *s, enum shaper_way way, struct shaper_waiter *w);
void shaper_forget(struct shaper_waiter *w);

#endif
