#define _GNU_SOURCE /* accept4 */
/*
 * Two implementations of the same calls: Linux's, and a plain one for other systems. Below them is
 * what all systems have in common. The plain one cannot tell what waits unsent, so it says 0 or
 * "not known", and the callers do without.
 */
#include "shared/net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <stddef.h>

int socket_open(int family, int type)
{
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

static int accept_from(int fd, struct sockaddr_storage *ss, socklen_t *len)
{
	int newcomer = accept4(fd, (struct sockaddr *)ss, len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	return newcomer < 0 ? -errno : newcomer;
}

size_t socket_unsent(int fd)
{
	int queued = 0;
	return ioctl(fd, SIOCOUTQ, &queued) == 0 && queued > 0 ? (size_t)queued : 0;
}

size_t socket_notsent(int fd)
{
	int queued = 0;
	return ioctl(fd, SIOCOUTQNSD, &queued) == 0 && queued > 0 ? (size_t)queued : 0;
}

struct socket_info socket_info(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof info;
	/* a kernel before 4.6 tells less */
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
	    len < offsetof(struct tcp_info, tcpi_notsent_bytes) + sizeof info.tcpi_notsent_bytes)
		return (struct socket_info){0};
	return (struct socket_info){
	    .known = true,
	    .rtt_us = info.tcpi_rtt,
	    .rttvar_us = info.tcpi_rttvar,
	    .least_rtt_us = info.tcpi_min_rtt,
	    .bytes_acked = info.tcpi_bytes_acked,
	    .bytes_received = info.tcpi_bytes_received,
	    .ack_age_ms = info.tcpi_last_ack_recv,
	    .unacked = info.tcpi_unacked,
	    .resent = info.tcpi_total_retrans,
	    .notsent_bytes = info.tcpi_notsent_bytes,
	    .has_lost = info.tcpi_snd_ssthresh < INT_MAX || info.tcpi_rcv_ooopack > 0,
	};
}
#else
#include <netinet/tcp.h>

static int prepare(int fd)
{
	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) {
		int err = -errno;
		close(fd);
		return err;
	}
#ifdef SO_NOSIGPIPE
	const int on = 1;
	setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
	return fd;
}

int socket_open(int family, int type)
{
	return prepare(socket(family, type, 0));
}

static int accept_from(int fd, struct sockaddr_storage *ss, socklen_t *len)
{
	int newcomer = prepare(accept(fd, (struct sockaddr *)ss, len));
	if (newcomer >= 0)
		socket_tune(newcomer);
	return newcomer;
}

size_t socket_unsent(int fd)
{
	int queued = 0;
#if defined(SO_NWRITE)
	socklen_t len = sizeof queued;
	if (getsockopt(fd, SOL_SOCKET, SO_NWRITE, &queued, &len) != 0)
		return 0;
#elif defined(FIONWRITE)
	if (ioctl(fd, FIONWRITE, &queued) != 0)
		return 0;
#else
	(void)fd;
#endif
	return queued > 0 ? (size_t)queued : 0;
}

size_t socket_notsent(int fd)
{
	(void)fd;
	return 0;
}

struct socket_info socket_info(int fd)
{
	(void)fd;
	return (struct socket_info){0};
}
#endif

bool socket_is_acknowledged(int fd)
{
	struct socket_info info = socket_info(fd);
	return info.known && !info.unacked && !info.notsent_bytes;
}

/* With one piece, send() is cheaper: the kernel has less to look up. */
ssize_t socket_send(int fd, const struct iovec *iov, int count)
{
	struct msghdr msg = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count};
	ssize_t n;

	do {
		n = count == 1 ? send(fd, iov->iov_base, iov->iov_len, SOCKET_SEND)
			       : sendmsg(fd, &msg, SOCKET_SEND);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	return errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

size_t socket_unread(int fd)
{
	int queued = 0;
	return ioctl(fd, FIONREAD, &queued) == 0 && queued > 0 ? (size_t)queued : 0;
}

static struct addr address_of(int fd, int (*ask)(int fd, struct sockaddr *ss, socklen_t *len))
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct addr a = {0};
	if (ask(fd, (struct sockaddr *)&ss, &len) != 0 ||
	    !addr_from_sockaddr(&a, (struct sockaddr *)&ss))
		return (struct addr){0};
	return a;
}

struct addr socket_local(int fd)
{
	return address_of(fd, getsockname);
}

struct addr socket_peer(int fd)
{
	return address_of(fd, getpeername);
}

int socket_unix_address(const char *path, struct sockaddr_un *at)
{
	size_t len = strlen(path);
	*at = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (len == 0 || len >= sizeof(at->sun_path))
		return -ENAMETOOLONG;
	memcpy(at->sun_path, path, len);
	return 0;
}

int socket_accept(int fd, struct addr *peer)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	int newcomer = accept_from(fd, &ss, &len);
	if (newcomer >= 0 && !addr_from_sockaddr(peer, (struct sockaddr *)&ss))
		*peer = (struct addr){0};
	return newcomer;
}

static void set_tcp(int fd, int option, int value)
{
	setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value);
}

void socket_tune(int fd)
{
	const int on = 1;
	set_tcp(fd, TCP_NODELAY, 1);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
}

void socket_set_maxseg(int fd, unsigned bytes)
{
	set_tcp(fd, TCP_MAXSEG, (int)bytes);
}

void socket_set_notsent_lowat(int fd, unsigned bytes)
{
#ifdef TCP_NOTSENT_LOWAT
	set_tcp(fd, TCP_NOTSENT_LOWAT, (int)bytes);
#else
	(void)fd, (void)bytes;
#endif
}

void socket_set_pacing(int fd, uint64_t rate)
{
#ifdef SO_MAX_PACING_RATE
	unsigned most = rate && rate < UINT_MAX ? (unsigned)rate : UINT_MAX;
	setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &most, sizeof most);
#else
	(void)fd, (void)rate;
#endif
}
