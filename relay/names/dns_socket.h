/* A UDP socket for DNS, a leaf: packets are taken and answered in batches. */
#ifndef GROUNDNUT_RELAY_NAMES_DNS_SOCKET_H
#define GROUNDNUT_RELAY_NAMES_DNS_SOCKET_H

#include "shared/base/addr.h"
#include "shared/net/loop.h"

struct dns_socket;

enum { DNS_SOCKET_ANSWER = 1232 };

/* The answer's length in out (DNS_SOCKET_ANSWER bytes), 0: none. It may not close the socket. */
typedef size_t dns_socket_fn(void *owner, const uint8_t *in, size_t len, const struct addr *from,
			     uint8_t *out);
/* A connected socket's trouble, e.g. UV_ECONNREFUSED: nobody listens there. */
typedef void dns_socket_error_fn(void *owner, int err);

/* Bound to an address of this machine; v6 only where it is v6. NULL and *err. */
struct dns_socket *dns_socket_bind(struct loop *l, const struct addr *at, dns_socket_fn *fn,
				   void *owner, int *err);
/* Connected to a server, from a port that nobody can guess. Neither callback may close it. */
struct dns_socket *dns_socket_connect(struct loop *l, const struct addr *to, dns_socket_fn *fn,
				      dns_socket_error_fn *failed, void *owner, int *err);
/* of a connected one; 0 or negative */
int dns_socket_send(struct dns_socket *s, const void *p, size_t len);
/* as bound: port 0 has become a real one */
const struct addr *dns_socket_at(const struct dns_socket *s);
void dns_socket_close(struct dns_socket *s);

#endif
