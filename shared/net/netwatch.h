/* Tells when this machine's addresses or its default route change (Linux: netlink; elsewhere it
 * never tells). A leaf. */
#ifndef GROUNDNUT_NET_NETWATCH_H
#define GROUNDNUT_NET_NETWATCH_H

#include "shared/net/loop.h"

struct netwatch;
typedef void netwatch_fn(void *owner);

/* NULL where it cannot be had */
struct netwatch *netwatch_start(struct loop *l, netwatch_fn *fn, void *owner);
void netwatch_stop(struct netwatch *w);

#endif
