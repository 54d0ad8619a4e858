/* SIGTERM, SIGINT and SIGHUP as events of a loop. A leaf. */
#ifndef GROUNDNUT_NET_SIGNALS_H
#define GROUNDNUT_NET_SIGNALS_H

#include "shared/net/loop.h"

struct signals;
enum signals_event { SIGNALS_STOP, SIGNALS_RELOAD };
typedef void signals_fn(void *owner, enum signals_event event);

struct signals *signals_open(struct loop *l, signals_fn *fn, void *owner);
void signals_close(struct signals *s);

#endif
