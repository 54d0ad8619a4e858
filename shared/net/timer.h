/* One timer, a leaf. Its callback never comes after timer_close(), which frees it. */
#ifndef GROUNDNUT_NET_TIMER_H
#define GROUNDNUT_NET_TIMER_H

#include "shared/net/loop.h"

struct timer;
typedef void timer_fn(void *owner);

struct timer *timer_new(struct loop *l, timer_fn *fn, void *owner);
void timer_set(struct timer *t, uint64_t after_ms); /* once; replaces what was set */
/* every so many ms, until it is stopped or set anew */
void timer_set_every(struct timer *t, uint64_t every_ms);
void timer_stop(struct timer *t);
bool timer_is_set(const struct timer *t);
void timer_close(struct timer *t);

#endif
