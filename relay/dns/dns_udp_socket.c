/*
 * Readable: up to BATCH packets are taken with one call into the loop's staging memory, each is
 * offered to the owner, and the answers leave with one call. What the kernel does not take at once
 * is dropped, as UDP may. Packets larger than PACKET are no questions. After TURNS batches the
 * others on the loop have a turn.
 */
#define _GNU_SOURCE
#include "relay/dns/dns_udp_socket.h"

#include "shared/base/mem.h"
#include "shared/net/poller.h"
#include "shared/net/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { BATCH = 32, PACKET = 4096, TURNS = 8 };

struct dns_udp_socket {
	struct poller watch;
	struct loop *loop;
	int fd;
	dns_udp_socket_fn *fn;
	void *owner;
	struct task end; /* frees it, once its caller is surely out of it */
};

static void free_socket(void *arg)
{
	mem_free(arg);
}

/* One batch; false when there was less than a full one. */
static bool take_batch(struct dns_udp_socket *s)
{
	struct mmsghdr in[BATCH] = {0}, out[BATCH] = {0};
	struct iovec in_at[BATCH], out_at[BATCH];
	struct sockaddr_storage from[BATCH];
	uint8_t *plain = loop_plain(s->loop), *answers = loop_cipher(s->loop);
	for (unsigned i = 0; i < BATCH; i++) {
		in_at[i] = (struct iovec){plain + (size_t)i * PACKET, PACKET};
		in[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
						.msg_namelen = sizeof(from[i]),
						.msg_iov = &in_at[i],
						.msg_iovlen = 1};
	}
	int got = recvmmsg(s->fd, in, BATCH, MSG_DONTWAIT, NULL);
	if (got < 0) {
		if (errno == EAGAIN)
			poller_drained(&s->watch, POLLER_READ);
		return false;
	}
	if (got < BATCH)
		poller_drained(&s->watch, POLLER_READ);
	unsigned ready = 0;
	for (int i = 0; i < got; i++) {
		struct addr peer;
		if (in[i].msg_hdr.msg_flags & MSG_TRUNC ||
		    !addr_from_sockaddr(&peer, (struct sockaddr *)&from[i]))
			continue;
		uint8_t *answer = answers + (size_t)ready * DNS_UDP_SOCKET_ANSWER;
		size_t len = s->fn(s->owner, in_at[i].iov_base, in[i].msg_len, &peer, answer);
		if (!len)
			continue;
		out_at[ready] = (struct iovec){answer, len};
		out[ready].msg_hdr = (struct msghdr){.msg_name = &from[i],
						     .msg_namelen = in[i].msg_hdr.msg_namelen,
						     .msg_iov = &out_at[ready],
						     .msg_iovlen = 1};
		ready++;
	}
	for (unsigned sent = 0; sent < ready;) {
		int n = sendmmsg(s->fd, out + sent, ready - sent, MSG_DONTWAIT);
		sent += n > 0 ? (unsigned)n : 1; /* the one that the kernel refuses is skipped */
	}
	return got == BATCH;
}

static void look(struct poller *w)
{
	struct dns_udp_socket *s = LIST_ENTRY(w, struct dns_udp_socket, watch);
	if (w->ready & POLLER_FAULT)
		poller_recover(w); /* recvmmsg says what is wrong */
	for (unsigned i = 0; i < TURNS && take_batch(s); i++)
		;
	if (w->ready & POLLER_READ)
		poller_due(w);
}

struct dns_udp_socket *dns_udp_socket_bind(struct loop *l, const struct addr *at,
					   dns_udp_socket_fn *fn, void *owner, int *err)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(at, &ss);
	const int on = 1, room = 1 << 20;
	int fd = socket_open(at->family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM);
	if (fd < 0) {
		*err = fd;
		return NULL;
	}
	struct dns_udp_socket *s = mem_zalloc(sizeof(*s));
	*s = (struct dns_udp_socket){.loop = l, .fd = fd, .fn = fn, .owner = owner};
	if (at->family == 6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	poller_init(&s->watch, loop_pollers(l), look);
	*err = bind(fd, (struct sockaddr *)&ss, len) == 0 ? poller_open(&s->watch, fd, POLLER_READ)
							  : -errno;
	if (*err == 0)
		return s;
	close(fd);
	mem_free(s);
	return NULL;
}

void dns_udp_socket_close(struct dns_udp_socket *s)
{
	if (!s)
		return;
	poller_close(&s->watch);
	close(s->fd);
	task_init(&s->end, free_socket, s);
	task_mark(s->loop, &s->end);
}
