#define _GNU_SOURCE /* accept4 */
#include "shared/net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/sockios.h>

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
#else
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
#endif

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
