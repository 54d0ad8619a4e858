/* systemd's notify protocol (sd_notify(3)) over NOTIFY_SOCKET; everything is a no-op where that is
 * not set. */
#ifndef GROUNDNUT_NET_NOTIFY_H
#define GROUNDNUT_NET_NOTIFY_H

#include "shared/net/loop.h"

void notify_ready(const char *status); /* READY=1 at first; else only STATUS= */
/* RELOADING=1 with MONOTONIC_USEC; nothing before the first notify_ready() */
void notify_reloading(void);
/* READY=1 again, if notify_reloading() said something */
void notify_reloaded(void);
void notify_stopping(void);
void notify_status(const char *status);
/* Half of WATCHDOG_USEC, on this loop, as long as it turns. NULL when no watchdog is asked for. */
struct timer *notify_watchdog(struct loop *l);

#endif
