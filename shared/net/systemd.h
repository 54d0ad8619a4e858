/* systemd's notify protocol (sd_notify(3)) over NOTIFY_SOCKET; everything is a no-op where that is
 * not set. */
#ifndef GROUNDNUT_NET_SYSTEMD_H
#define GROUNDNUT_NET_SYSTEMD_H

#include "shared/net/loop.h"

void systemd_ready(const char *status); /* READY=1 at first; else only STATUS= */
/* RELOADING=1 with MONOTONIC_USEC; nothing before the first systemd_ready() */
void systemd_reloading(void);
/* READY=1 again, if systemd_reloading() said something */
void systemd_reloaded(void);
void systemd_stopping(void);
void systemd_status(const char *status);
/* Feeds the watchdog every half of WATCHDOG_USEC, from this loop, as long as the loop turns. NULL
 * when no watchdog is asked for. */
struct timer *systemd_watchdog(struct loop *l);

#endif
