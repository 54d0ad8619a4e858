/*
 * A UDP socket, a leaf: bound for visitors, or connected to a service. Whole datagrams up to 65,507
 * bytes, also empty ones. A bound one knows which of the machine's addresses was addressed, and
 * answers from it.
 */
#ifndef GROUNDNUT_NET_UDP_SOCKET_H
#define GROUNDNUT_NET_UDP_SOCKET_H

#include "shared/base/addr.h"
#include "shared/net/loop.h"

#include <sys/types.h>

enum { UDP_SOCKET_DATAGRAM_MAX = 65507 };

struct udp_socket;
typedef void udp_socket_fn(void *owner); /* udp_socket_read() may give something */

/* As listener_open(): wildcards, v6only, errors and *why alike. */
struct udp_socket *udp_socket_bind(struct loop *l, const struct addr *at, bool v6only,
				   udp_socket_fn *fn, void *owner, int *err, char **why);
/* from: the local port wanted; 0, or one that is not to be had: any. to may be a broadcast
 * address (Wake-on-LAN). */
struct udp_socket *udp_socket_connect(struct loop *l, const struct addr *to, uint16_t from,
				      udp_socket_fn *fn, void *owner, int *err);
/* >= 0: a datagram of that length; UV_EAGAIN: none; else an error (a connected one:
 * UV_ECONNREFUSED when nobody listens). from and local (of a bound one, with the bound port) may
 * be NULL. */
ssize_t udp_socket_read(struct udp_socket *u, void *p, size_t cap, struct addr *from,
			struct addr *local);
/* Of a bound one: to `to`, from `local` as udp_socket_read gave it. 0 or negative; UV_EAGAIN:
 * dropped, there is no room. */
int udp_socket_write_to(struct udp_socket *u, const struct addr *to, const struct addr *local,
			const void *p, size_t len);
int udp_socket_write(struct udp_socket *u, const void *p, size_t len); /* of a connected one */
/* family 0: not known */
struct addr udp_socket_local(const struct udp_socket *u);
void udp_socket_close(struct udp_socket *u); /* NULL does nothing */

#endif
