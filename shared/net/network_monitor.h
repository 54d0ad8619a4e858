/* Tells when this machine's addresses or its default route change (Linux: netlink; elsewhere it
 * never tells). A leaf. */
#ifndef GROUNDNUT_NET_NETWORK_MONITOR_H
#define GROUNDNUT_NET_NETWORK_MONITOR_H

#include "shared/net/loop.h"

struct network_monitor;
typedef void network_monitor_fn(void *owner);

/* NULL where the system has no such thing */
struct network_monitor *network_monitor_start(struct loop *l, network_monitor_fn *fn, void *owner);
void network_monitor_stop(struct network_monitor *w);

#endif
