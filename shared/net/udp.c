/*
 * Level-triggered poll on a non-blocking socket. Control messages (IP_PKTINFO, IPV6_PKTINFO) tell the local address of each datagram, and set the source of
 * each answer, so that a machine with several addresses answers from the one that was asked.
 */
#define _GNU_SOURCE /* struct in6_pktinfo */
#include "shared/net/udp.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/holder.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { BUFFER_BYTES = 4 * 1024 * 1024 };

struct udp {
	uv_poll_t poll;
	int fd;
	uint8_t family;  /* of the socket: 4 or 6 */
	uint16_t port;   /* bound */
	bool closing;
	udp_fn *fn;
	void *owner;
};

/* Whatever it is, udp_read() tells. After an error (nobody listens) libuv has stopped the poll, while to a UDP socket it is only an event. */
static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)events;
	struct udp *u = poll->data;
	if (u->closing)
		return;
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_poll);
	if (u->fn)
		u->fn(u->owner);
}

static int open_socket(uint8_t family, bool v6only)
{
	int fd = socket(family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int on = 1, bytes = BUFFER_BYTES, only = v6only;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	if (family == 6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
	}
	setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
	return fd;
}

static struct udp *udp_new(struct loop *l, int fd, uint8_t family, udp_fn *fn, void *owner)
{
	struct udp *u = mem_zalloc(sizeof *u);
	u->fd = fd;
	u->family = family;
	u->fn = fn;
	u->owner = owner;
	uv_poll_init(loop_uv(l), &u->poll, fd);
	u->poll.data = u;
	uv_poll_start(&u->poll, UV_READABLE, on_poll);
	return u;
}

static char *explain(const struct addr *at, int err)
{
	char text[ADDR_TEXT];
	addr_text(at, text);
	char *holder = err == UV_EADDRINUSE ? holder_of_port(HOLDER_UDP, at) : NULL;
	char *why;
	if (holder)
		why = mem_printf("%s/udp: held by %s", text, holder);
	else if (err == UV_EACCES)
		why = mem_printf("%s/udp: %s (ports below 1024 need CAP_NET_BIND_SERVICE)", text, err_text(err));
	else
		why = mem_printf("%s/udp: %s", text, err_text(err));
	mem_free(holder);
	return why;
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

struct udp *udp_bind(struct loop *l, const struct addr *at, bool v6only, udp_fn *fn, void *owner, int *err, char **why)
{
	uint8_t family = 0;
	int fd = bind_to(at, v6only, &family);
	if (fd < 0) {
		*err = fd;
		if (why)
			*why = explain(at, fd);
		return NULL;
	}
	struct udp *u = udp_new(l, fd, family, fn, owner);
	struct addr bound;
	if (udp_local(u, &bound) == 0)
		u->port = bound.port;
	return u;
}

struct udp *udp_connect(struct loop *l, const struct addr *to, uint16_t from, udp_fn *fn, void *owner, int *err)
{
	struct sockaddr_storage sa;
	struct addr here = {.family = to->family, .port = from};
	int fd = open_socket(to->family, false);
	if (fd >= 0 && from)
		(void)bind(fd, (struct sockaddr *)&sa, addr_to_sockaddr(&here, &sa)); /* taken: connect() finds another */
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, addr_to_sockaddr(to, &sa)) < 0) {
		int failed = -errno;
		close(fd);
		fd = failed;
	}
	if (fd < 0) {
		*err = fd;
		return NULL;
	}
	return udp_new(l, fd, to->family, fn, owner);
}

static void local_of(const struct udp *u, struct msghdr *m, struct addr *local)
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
			struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_addr = info.ipi6_addr};
			if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
				sin6.sin6_scope_id = (uint32_t)info.ipi6_ifindex;
			addr_from_sockaddr(local, (struct sockaddr *)&sin6);
		}
	}
	local->port = u->port;
}

ssize_t udp_read(struct udp *u, void *p, size_t cap, struct addr *from, struct addr *local)
{
	struct sockaddr_storage sa;
	char control[256];
	struct iovec iov = {.iov_base = p, .iov_len = cap};
	struct msghdr m = {.msg_name = &sa, .msg_namelen = sizeof sa, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = sizeof control};
	ssize_t n;
	do
		n = recvmsg(u->fd, &m, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EWOULDBLOCK ? UV_EAGAIN : -errno;
	if (from && !addr_from_sockaddr(from, (struct sockaddr *)&sa))
		*from = (struct addr){0};
	if (local)
		local_of(u, &m, local);
	return n;
}

/* The socket may be v6 and the address v4: then it is written as v4-mapped. */
static socklen_t socket_address(const struct udp *u, const struct addr *a, struct sockaddr_storage *out)
{
	if (u->family == 4 || a->family == 6)
		return addr_to_sockaddr(a, out);
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)out;
	memset(sin6, 0, sizeof *sin6);
	sin6->sin6_family = AF_INET6;
	sin6->sin6_port = htons(a->port);
	sin6->sin6_addr.s6_addr[10] = sin6->sin6_addr.s6_addr[11] = 0xff;
	memcpy(sin6->sin6_addr.s6_addr + 12, a->ip, 4);
	return sizeof *sin6;
}

static void set_source(const struct udp *u, struct msghdr *m, const struct addr *local)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	if (u->family == 4) {
		struct in_pktinfo info = {0};
		memcpy(&info.ipi_spec_dst, local->ip, 4);
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof info);
		memcpy(CMSG_DATA(c), &info, sizeof info);
		m->msg_controllen = CMSG_SPACE(sizeof info);
		return;
	}
	struct sockaddr_storage sa;
	socket_address(u, local, &sa);
	struct in6_pktinfo info = {.ipi6_addr = ((struct sockaddr_in6 *)&sa)->sin6_addr, .ipi6_ifindex = local->scope};
	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof info);
	memcpy(CMSG_DATA(c), &info, sizeof info);
	m->msg_controllen = CMSG_SPACE(sizeof info);
}

int udp_write_to(struct udp *u, const struct addr *to, const struct addr *local, const void *p, size_t len)
{
	struct sockaddr_storage sa;
	_Alignas(struct cmsghdr) char control[128] = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)p, .iov_len = len};
	struct msghdr m = {.msg_name = &sa, .msg_namelen = socket_address(u, to, &sa), .msg_iov = &iov, .msg_iovlen = 1,
			   .msg_control = control, .msg_controllen = sizeof control};
	if (local && local->family && !addr_is_any(local)) {
		set_source(u, &m, local);
	} else {
		m.msg_control = NULL;
		m.msg_controllen = 0;
	}
	return sendmsg(u->fd, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int udp_write(struct udp *u, const void *p, size_t len)
{
	ssize_t n = send(u->fd, p, len, MSG_NOSIGNAL);
	if (n < 0 && errno == ECONNREFUSED) /* that was an earlier one's answer: this one has not been sent */
		n = send(u->fd, p, len, MSG_NOSIGNAL);
	return n < 0 ? -errno : 0;
}

int udp_local(const struct udp *u, struct addr *out)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof sa;
	if (getsockname(u->fd, (struct sockaddr *)&sa, &len) < 0)
		return -errno;
	return addr_from_sockaddr(out, (struct sockaddr *)&sa) ? 0 : UV_EAFNOSUPPORT;
}

static void on_closed(uv_handle_t *h)
{
	mem_free(h->data);
}

void udp_close(struct udp *u)
{
	if (!u)
		return;
	u->closing = true;
	uv_close((uv_handle_t *)&u->poll, on_closed);
	close(u->fd);
}
