/* A UDP socket of the DNS server, a leaf: packets are taken and answered in batches. */
#ifndef GROUNDNUT_RELAY_DNS_DNS_UDP_SOCKET_H
#define GROUNDNUT_RELAY_DNS_DNS_UDP_SOCKET_H

#include "shared/base/addr.h"
#include "shared/net/loop.h"

struct dns_udp_socket;

enum { DNS_UDP_SOCKET_ANSWER = 1232 };

/* Returns the answer's length in out (DNS_UDP_SOCKET_ANSWER bytes), 0: there is none. It must
 * not close the socket. */
typedef size_t dns_udp_socket_fn(void *owner, const uint8_t *in, size_t len,
				 const struct addr *from, uint8_t *out);
/* Binds to an address of this machine; for v6, to v6 only. NULL and *err on failure. */
struct dns_udp_socket *dns_udp_socket_bind(struct loop *l, const struct addr *at,
					   dns_udp_socket_fn *fn, void *owner, int *err);
void dns_udp_socket_close(struct dns_udp_socket *s);

#endif
