#define _GNU_SOURCE          /* struct in6_pktinfo */
#define __APPLE_USE_RFC_3542 /* the same on macOS */
/*
 * The poller finds the socket readable, and the owner is told once. It reads until UV_EAGAIN or
 * until it has had enough; what it leaves unread it is told of again in the next turn. Where the
 * system tells which address a datagram came to (PKTINFO), the answer leaves from that address;
 * elsewhere the system chooses.
 *
 * Ways to fail: an error of the socket (a port where nobody listens) is only an event, and the next
 * read returns it. A datagram that the kernel has no room for is dropped, and the write says so.
 */
#include "shared/net/udp_socket.h"

#include "shared/base/mem.h"
#include "shared/net/port_owner.h"
#include "shared/net/socket.h"
#include "shared/net/poller.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { BUFFER_BYTES = 4 * 1024 * 1024 };
enum { PKTINFO_ROOM = 256 }; /* bytes of control messages, aligned as struct cmsghdr */

struct udp_socket {
	struct poller watch;
	struct loop *loop;
	int fd;
	uint8_t family; /* of the socket: 4 or 6 */
	uint16_t port;  /* bound */
	udp_socket_fn *fn;
	void *owner;
	struct task end; /* frees it, once its caller is surely out of it */
};

static void look(struct poller *w)
{
	struct udp_socket *u = LIST_ENTRY(w, struct udp_socket, watch);

	if (w->ready & POLLER_FAULT)
		poller_recover(w); /* nobody listens: udp_socket_read() tells */
	if (u->fn)
		u->fn(u->owner);
	if (w->ready & POLLER_READ)
		poller_due(w);
}

/* --- the local address of a datagram --- */

#if defined(__linux__) || defined(__APPLE__)

static void ask_pktinfo(int fd, uint8_t family)
{
	const int on = 1;
	if (family == 6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
	setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
}

static void read_pktinfo(struct msghdr *m, struct addr *local)
{
	*local = (struct addr){0};
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr = info.ipi_addr};
			addr_from_sockaddr(local, (struct sockaddr *)&sin);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6,
						    .sin6_addr = info.ipi6_addr,
						    .sin6_scope_id = (uint32_t)info.ipi6_ifindex};
			addr_from_sockaddr(local, (struct sockaddr *)&sin6);
		}
	}
}

static void put(struct msghdr *m, int level, int type, const void *info, size_t len)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), info, len);
	m->msg_controllen = CMSG_SPACE(len);
}

static void write_pktinfo(struct msghdr *m, uint8_t family, const struct addr *local)
{
	if (family == 4) {
		struct in_pktinfo info = {0};
		memcpy(&info.ipi_spec_dst, local->ip, 4);
		put(m, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
		return;
	}
	struct addr six = addr_mapped(local);
	struct in6_pktinfo info = {.ipi6_ifindex = six.scope};
	memcpy(&info.ipi6_addr, six.ip, sizeof info.ipi6_addr);
	put(m, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
}
#else

static void ask_pktinfo(int fd, uint8_t family)
{
	(void)fd, (void)family;
}

static void read_pktinfo(struct msghdr *m, struct addr *local)
{
	(void)m;
	*local = (struct addr){0};
}

static void write_pktinfo(struct msghdr *m, uint8_t family, const struct addr *local)
{
	(void)family, (void)local;
	m->msg_control = NULL;
	m->msg_controllen = 0;
}
#endif

/* --- the socket --- */

static int open_socket(uint8_t family, bool v6only)
{
	int fd = socket_open(family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM);
	if (fd < 0)
		return fd;
	int bytes = BUFFER_BYTES, only = v6only;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	if (family == 6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
	ask_pktinfo(fd, family);
	return fd;
}

/* NULL and *err when the poller cannot watch it. */
static struct udp_socket *udp_new(struct loop *l, int fd, uint8_t family, udp_socket_fn *fn,
				  void *owner, int *err)
{
	struct udp_socket *u = mem_zalloc(sizeof *u);
	u->fd = fd;
	u->family = family;
	u->fn = fn;
	u->owner = owner;
	u->loop = l;
	poller_init(&u->watch, loop_pollers(l), look);
	*err = poller_open(&u->watch, fd, POLLER_READ);
	if (*err == 0)
		return u;
	close(fd);
	mem_free(u);
	return NULL;
}

static int bind_to(const struct addr *at, bool v6only, uint8_t *family)
{
	struct sockaddr_storage sa;
	struct addr where = *at;
	int fd = open_socket(where.family, v6only);
	if (fd == -EAFNOSUPPORT && where.family == 6 && addr_is_any(&where) && !v6only) {
		where = (struct addr){.family = 4, .port = at->port};
		fd = open_socket(4, false);
	}
	if (fd < 0)
		return fd;
	socklen_t len = addr_to_sockaddr(&where, &sa);
	if (bind(fd, (struct sockaddr *)&sa, len) < 0) {
		int err = -errno;
		close(fd);
		return err;
	}
	*family = where.family;
	return fd;
}

struct udp_socket *udp_socket_bind(struct loop *l, const struct addr *at, bool v6only,
				   udp_socket_fn *fn, void *owner, int *err, char **why)
{
	uint8_t family = 0;
	int fd = bind_to(at, v6only, &family);
	if (fd < 0) {
		*err = fd;
		if (why)
			*why = port_owner_explain(PORT_OWNER_UDP, at, fd);
		return NULL;
	}
	struct udp_socket *u = udp_new(l, fd, family, fn, owner, err);
	if (!u && why)
		*why = port_owner_explain(PORT_OWNER_UDP, at, *err);
	if (u)
		u->port = socket_local(fd).port;
	return u;
}

struct udp_socket *udp_socket_connect(struct loop *l, const struct addr *to, uint16_t from,
				      udp_socket_fn *fn, void *owner, int *err)
{
	struct sockaddr_storage sa;
	struct addr here = {.family = to->family, .port = from};
	int fd = open_socket(to->family, false), on = 1;
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
	if (fd >= 0 && from)
		/* if that port is taken, connect() finds another */
		(void)bind(fd, (struct sockaddr *)&sa, addr_to_sockaddr(&here, &sa));
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, addr_to_sockaddr(to, &sa)) < 0) {
		int failed = -errno;
		close(fd);
		fd = failed;
	}
	if (fd < 0) {
		*err = fd;
		return NULL;
	}
	return udp_new(l, fd, to->family, fn, owner, err);
}

ssize_t udp_socket_read(struct udp_socket *u, void *p, size_t cap, struct addr *from,
			struct addr *local)
{
	struct sockaddr_storage sa;
	_Alignas(struct cmsghdr) char control[PKTINFO_ROOM];
	struct iovec iov = {.iov_base = p, .iov_len = cap};
	struct msghdr m = {.msg_name = &sa,
			   .msg_namelen = sizeof sa,
			   .msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof control};
	ssize_t n;
	do
		n = recvmsg(u->fd, &m, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		poller_drained(&u->watch, POLLER_READ);
		return UV_EAGAIN;
	}
	if (n < 0)
		return -errno;
	if (from && !addr_from_sockaddr(from, (struct sockaddr *)&sa))
		*from = (struct addr){0};
	if (local) {
		read_pktinfo(&m, local);
		local->port = u->port;
	}
	return n;
}

/* The socket may be v6 and the address v4: then it is written as v4-mapped. */
static socklen_t socket_address(const struct udp_socket *u, const struct addr *a,
				struct sockaddr_storage *out)
{
	struct addr mapped = u->family == 6 ? addr_mapped(a) : *a;
	return addr_to_sockaddr(&mapped, out);
}

int udp_socket_write_to(struct udp_socket *u, const struct addr *to, const struct addr *local,
			const void *p, size_t len)
{
	struct sockaddr_storage sa;
	_Alignas(struct cmsghdr) char control[PKTINFO_ROOM] = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)p, .iov_len = len};
	struct msghdr m = {.msg_name = &sa,
			   .msg_namelen = socket_address(u, to, &sa),
			   .msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof control};
	if (local && local->family && !addr_is_any(local)) {
		write_pktinfo(&m, u->family, local);
	} else {
		m.msg_control = NULL;
		m.msg_controllen = 0;
	}
	return sendmsg(u->fd, &m, SOCKET_SEND) < 0 ? -errno : 0;
}

int udp_socket_write(struct udp_socket *u, const void *p, size_t len)
{
	ssize_t n = send(u->fd, p, len, SOCKET_SEND);
	/* the error was the answer to an earlier datagram, and this one has not been sent */
	if (n < 0 && errno == ECONNREFUSED)
		n = send(u->fd, p, len, SOCKET_SEND);
	return n < 0 ? -errno : 0;
}

struct addr udp_socket_local(const struct udp_socket *u)
{
	return socket_local(u->fd);
}

static void free_udp(void *arg)
{
	mem_free(arg);
}

void udp_socket_close(struct udp_socket *u)
{
	if (!u)
		return;
	poller_close(&u->watch);
	close(u->fd);
	task_init(&u->end, free_udp, u);
	task_mark(u->loop, &u->end);
}
