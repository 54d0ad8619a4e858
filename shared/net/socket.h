/*
 * Descriptors of sockets, and what systems do differently with them: one call on Linux, plain POSIX
 * elsewhere. All are non-blocking and closed on exec. Where SIGPIPE cannot be turned off for a
 * send, it is turned off for the socket.
 */
#ifndef GROUNDNUT_NET_SOCKET_H
#define GROUNDNUT_NET_SOCKET_H

#include "shared/base/addr.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#ifdef MSG_NOSIGNAL
enum { SOCKET_SEND = MSG_NOSIGNAL }; /* flags of each send */
#else
enum { SOCKET_SEND = 0 };
#endif

int socket_open(int family, int type); /* a descriptor, or negative */
/* the same; peer's family 0: neither v4 nor v6 */
int socket_accept(int fd, struct addr *peer);
/* where it is bound, where it is connected to; family 0: neither v4 nor v6, or not known */
struct addr socket_local(int fd);
struct addr socket_peer(int fd);
/* of a UNIX socket: 0 or UV_ENAMETOOLONG. */
int socket_unix_address(const char *path, struct sockaddr_un *at);
/* one call of the kernel: bytes taken, or negative (-EAGAIN: no room) */
ssize_t socket_send(int fd, const struct iovec *iov, int count);
/* bytes the peer's kernel has not acknowledged; 0 where that is not known */
size_t socket_unsent(int fd);
/* bytes that have come and wait to be read */
size_t socket_unread(int fd);
/* of the unsent, those that have not been sent once; 0 where that is not known */
size_t socket_notsent(int fd);
/* What the kernel knows of a TCP connection; all 0 where that is not told. */
struct socket_info {
	bool known;
	uint32_t rtt_us, rttvar_us, least_rtt_us;
	uint64_t bytes_acked; /* of ours, by the peer's kernel */
	uint64_t bytes_received;
	uint32_t ack_age_ms; /* since its last acknowledgement */
	uint32_t unacked;    /* segments */
	uint32_t resent;     /* segments, ever */
	uint32_t notsent_bytes;
	/* Packets of one direction have been lost or were late. A window that was cut for that
	 * stays small, except with bbr. */
	bool has_lost;
};
struct socket_info socket_info(int fd);
/* Whether the peer's kernel has all that was sent. False where that is not told. */
bool socket_is_acknowledged(int fd);

/* Tunes a TCP connection; a listener passes it on to what it accepts. No delay; keep-alive, so that
 * a peer that has vanished is found in the end; urgent bytes in their place among the others (RFC
 * 6093, section 3.2), so that none is lost on its way through. */
void socket_tune(int fd);
/* Tuning. A system that lacks it works without. */
void socket_set_maxseg(int fd, unsigned bytes); /* counts until connect() only */
/* unsent bytes from which it is not writable */
void socket_set_notsent_lowat(int fd, unsigned bytes);
/* the kernel sends no faster; bytes a second, 0: as fast as it will */
void socket_set_pacing(int fd, uint64_t rate);

#endif
