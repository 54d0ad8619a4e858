/*
 * The local address of a UDP packet: which one it came to, and which one an answer leaves from, so
 * that a machine with several addresses answers from the one that was asked. Where a system cannot
 * tell, answers leave from the address it chooses.
 */
#ifndef GROUNDNUT_NET_PKTINFO_H
#define GROUNDNUT_NET_PKTINFO_H

#include "shared/base/addr.h"

#include <sys/socket.h>

enum { PKTINFO_ROOM = 256 }; /* bytes of control messages, aligned as struct cmsghdr */

/* of the socket: 4 or 6 (v4-mapped packets, too) */
void pktinfo_ask(int fd, uint8_t family);
/* of a packet received; family 0: not told. Without a port */
void pktinfo_read(struct msghdr *m, struct addr *local);
/* For a packet to be sent from local: fills m's control room. family: of the socket. */
void pktinfo_write(struct msghdr *m, uint8_t family, const struct addr *local);

#endif
