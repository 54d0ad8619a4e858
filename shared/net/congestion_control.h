/*
 * Which congestion control our TCP sockets use: on links, and at the relay toward visitors. bbr
 * keeps its speed where a path is long or loses packets; what a system has by itself (cubic,
 * mostly) is slow there, and stays so on a connection that has once lost.
 */
#ifndef GROUNDNUT_NET_CONGESTION_CONTROL_H
#define GROUNDNUT_NET_CONGESTION_CONTROL_H

#include "shared/base/conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONGESTION_CONTROL_NAME = 16 }; /* bytes, with the NUL */

/* Reads the key "congestion": "bbr", "system", "cubic"; the caller frees it. NULL: it is absent. */
char *congestion_control_read(struct conf_at at);
/* Chooses what sockets use when a file says wanted (NULL: it says nothing). out is "" when that is
 * what the system gives them, also when the wanted one is absent, which is logged with the cure. */
void congestion_control_choose(const char *wanted, char out[CONGESTION_CONTROL_NAME]);
void congestion_control_set(int fd, const char *name); /* "" does nothing */
/* as the kernel says; "" where it does not. Returns out */
const char *congestion_control_of(int fd, char out[CONGESTION_CONTROL_NAME]);
/* false also where the kernel does not say */
bool congestion_control_is_bbr(int fd);

/* What bbr believes of a path (Linux: TCP_CC_INFO). */
struct bbr_estimate {
	uint64_t rate; /* bytes a second that it carries */
	bool starts;   /* it still looks for more, twice as much each round trip */
};

/* false: the socket has no bbr, the kernel does not say, or bbr holds still to measure the path */
bool congestion_control_bbr(int fd, struct bbr_estimate *out);
/* bbr forgets what it believes and starts as on a new connection, but for the bytes that may be
 * under way now. Nothing else does that while a connection stands. false: it was not to be had */
bool congestion_control_bbr_restart(int fd);

#endif
