/*
 * One small datagram for each TTL, each to its own port, so that the answers tell which is which.
 * uv_poll raises readable for the error queue; the answers are read until there is nothing left.
 */
#include "agent/nat_probe.h"

#include "shared/base/mem.h"
#include "shared/net/socket.h"
#include "shared/net/timer.h"

#include <ifaddrs.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>
#ifdef __linux__
#include <linux/errqueue.h>
#include <netinet/ip_icmp.h>
#endif

enum { FIRST_PORT = 33434, TO_SEEN = NAT_HOPS, QUESTIONS };

static uint8_t bits_of(const struct sockaddr *mask)
{
	uint32_t m = mask ? ntohl(((const struct sockaddr_in *)(const void *)mask)->sin_addr.s_addr)
			  : 0xffffffff;
	uint8_t bits = 0;
	for (; bits < 32 && m & 0x80000000u >> bits; bits++)
		;
	return bits;
}

static void find_own(struct nat_facts *f)
{
	struct ifaddrs *all = NULL;
	f->own_count = 0;
	if (getifaddrs(&all) != 0)
		return;
	for (struct ifaddrs *i = all; i && f->own_count < NAT_OWN; i = i->ifa_next) {
		struct addr a;
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET ||
		    !addr_from_sockaddr(&a, i->ifa_addr) || addr_is_loopback(&a))
			continue;
		a.port = 0;
		f->own_bits[f->own_count] = bits_of(i->ifa_netmask);
		f->own[f->own_count++] = a;
	}
	freeifaddrs(all);
}

struct nat_probe {
	uv_poll_t poll;
	int fd; /* -1: there is nothing to ask */
	struct timer *timer;
	struct nat_facts facts;
	bool answered[QUESTIONS];
	nat_probe_fn *fn;
	void *owner;
};

static void on_closed(uv_handle_t *h)
{
	struct nat_probe *p = h->data;
	close(p->fd);
	mem_free(p);
}

void nat_probe_close(struct nat_probe *p)
{
	if (!p)
		return;
	timer_close(p->timer);
	if (p->fd < 0) {
		mem_free(p);
		return;
	}
	uv_poll_stop(&p->poll);
	uv_close((uv_handle_t *)&p->poll, on_closed);
}

static void on_timer(void *owner)
{
	struct nat_probe *p = owner;
	struct nat_facts facts = p->facts;
	nat_probe_fn *fn = p->fn;
	void *to = p->owner;
	nat_probe_close(p);
	fn(to, &facts);
}

#ifdef __linux__
/* Notes which router sent an ICMP answer, and for which datagram. */
static void note(struct nat_probe *p, struct msghdr *m)
{
	const struct sockaddr_in *to = m->msg_name;
	unsigned hop = (unsigned)ntohs(to->sin_port) - FIRST_PORT;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_RECVERR || hop >= QUESTIONS)
			continue;
		struct sock_extended_err e;
		struct sockaddr_in from;
		memcpy(&e, CMSG_DATA(c), sizeof(e));
		if (e.ee_origin != SO_EE_ORIGIN_ICMP)
			continue;
		memcpy(&from, CMSG_DATA(c) + sizeof(e), sizeof(from));
		struct addr router;
		p->answered[hop] = true;
		/* An answer of the far end itself is the end of the way, not a hop of it. */
		if (e.ee_type != ICMP_TIME_EXCEEDED ||
		    !addr_from_sockaddr(&router, (const struct sockaddr *)&from))
			continue;
		router.port = 0;
		if (hop == TO_SEEN)
			p->facts.before_seen = router;
		else
			p->facts.hops[hop] = router;
	}
}

static bool read_one(struct nat_probe *p)
{
	char data[64], control[512];
	struct sockaddr_in to = {0};
	struct iovec at = {data, sizeof(data)};
	struct msghdr m = {.msg_name = &to,
			   .msg_namelen = sizeof(to),
			   .msg_iov = &at,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	if (recvmsg(p->fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	note(p, &m);
	return true;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct nat_probe *p = poll->data;
	char rubbish[64];
	(void)status;
	(void)events;
	while (read_one(p))
		;
	while (recv(p->fd, rubbish, sizeof(rubbish), MSG_DONTWAIT) >= 0)
		;
	for (unsigned i = 0; i < NAT_HOPS; i++)
		if (!p->answered[i])
			return;
	if (p->facts.asked_seen && !p->answered[TO_SEEN])
		return;
	timer_set(p->timer, 0); /* all have answered */
}

static void send_one(struct nat_probe *p, const struct addr *to, unsigned question, int ttl)
{
	struct addr at = *to;
	struct sockaddr_storage ss;
	at.port = (uint16_t)(FIRST_PORT + question);
	socklen_t len = addr_to_sockaddr(&at, &ss);
	setsockopt(p->fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	/* An earlier answer can make one send fail; the second try goes out. */
	if (sendto(p->fd, "", 1, MSG_DONTWAIT, (struct sockaddr *)&ss, len) < 0)
		sendto(p->fd, "", 1, MSG_DONTWAIT, (struct sockaddr *)&ss, len);
}

static void ask_hops(struct nat_probe *p, struct loop *l, const struct addr *relay)
{
	const int on = 1;
	if (relay->family != 4)
		return;
	p->fd = socket_open(AF_INET, SOCK_DGRAM);
	if (p->fd < 0)
		return;
	if (setsockopt(p->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) != 0 ||
	    uv_poll_init(loop_uv(l), &p->poll, p->fd) != 0) {
		close(p->fd);
		p->fd = -1;
		return;
	}
	p->poll.data = p;
	/* The error queue shows as POLLERR, which libuv reports to whoever watches anything. */
	uv_poll_start(&p->poll, UV_READABLE | UV_PRIORITIZED, on_poll);
	for (int ttl = 1; ttl <= NAT_HOPS; ttl++)
		send_one(p, relay, (unsigned)ttl - 1, ttl);
	if (p->facts.seen.family == 4) {
		p->facts.asked_seen = true;
		send_one(p, &p->facts.seen, TO_SEEN, 1);
		/* asked twice, since silence counts and must not come from one lost datagram */
		send_one(p, &p->facts.seen, TO_SEEN, 1);
	}
}
#else
static void ask_hops(struct nat_probe *p, struct loop *l, const struct addr *relay)
{
	(void)p;
	(void)l;
	(void)relay;
}
#endif

struct nat_probe *nat_probe_start(struct loop *l, const struct addr *relay, const struct addr *seen,
				  nat_probe_fn *fn, void *owner)
{
	struct nat_probe *p = mem_zalloc(sizeof(*p));
	p->fd = -1;
	if (seen)
		p->facts.seen = *seen;
	p->fn = fn;
	p->owner = owner;
	p->timer = timer_new(l, on_timer, p);
	find_own(&p->facts);
	ask_hops(p, l, relay);
	timer_set(p->timer, p->fd < 0 ? 0 : NAT_PROBE_WAIT_MS);
	return p;
}
