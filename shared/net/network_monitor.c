#include "shared/net/network_monitor.h"

#ifdef __linux__
#include "shared/base/mem.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

struct network_monitor {
	uv_poll_t poll;
	int fd;
	network_monitor_fn *fn;
	void *owner;
};

static bool is_default_route(const struct nlmsghdr *h)
{
	const struct rtmsg *route = NLMSG_DATA(h);

	return h->nlmsg_len >= NLMSG_LENGTH(sizeof(*route)) && route->rtm_dst_len == 0 &&
	       route->rtm_table == RT_TABLE_MAIN && route->rtm_type == RTN_UNICAST;
}

/* Whether the message tells of an address that the world may see. A v6 address is announced again
 * each time the router renews it. */
static bool is_new_address(const struct nlmsghdr *h)
{
	const struct ifaddrmsg *a = NLMSG_DATA(h);
	const struct rtattr *attr = IFA_RTA(a);
	int len = (int)IFA_PAYLOAD(h);

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*a)) || a->ifa_scope != RT_SCOPE_UNIVERSE ||
	    (a->ifa_flags & IFA_F_TENTATIVE))
		return false;
	if (h->nlmsg_type == RTM_DELADDR)
		return true;
	for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len)) {
		const struct ifa_cacheinfo *times = RTA_DATA(attr);

		if (attr->rta_type == IFA_CACHEINFO && RTA_PAYLOAD(attr) >= sizeof(*times))
			return times->cstamp == times->tstamp;
	}
	return true;
}

static bool matters(const struct nlmsghdr *h)
{
	switch (h->nlmsg_type) {
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return is_new_address(h);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return is_default_route(h);
	default:
		return false;
	}
}

/* Reads all there is; true when something of it matters. Messages lost for lack of room (ENOBUFS)
 * may have mattered. */
static bool drain(int fd)
{
	union {
		struct nlmsghdr head;
		char bytes[16384];
	} buf;
	bool changed = false;

	for (;;) {
		ssize_t n = recv(fd, &buf, sizeof(buf), MSG_DONTWAIT);
		const struct nlmsghdr *h = &buf.head;
		size_t len = n > 0 ? (size_t)n : 0;

		if (n < 0 && errno == ENOBUFS)
			changed = true;
		else if (n <= 0)
			return changed;
		for (; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len))
			changed |= matters(h);
	}
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct network_monitor *w = poll->data;

	(void)events;
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_poll);
	if (drain(w->fd) || status < 0)
		w->fn(w->owner);
}

struct network_monitor *network_monitor_start(struct loop *l, network_monitor_fn *fn, void *owner)
{
	struct sockaddr_nl at = {
	    .nl_family = AF_NETLINK,
	    .nl_groups =
		RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct network_monitor *w = mem_zalloc(sizeof(*w));

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    uv_poll_init(loop_uv(l), &w->poll, fd) != 0) {
		if (fd >= 0)
			close(fd);
		mem_free(w);
		return NULL;
	}
	w->fd = fd;
	w->fn = fn;
	w->owner = owner;
	w->poll.data = w;
	uv_poll_start(&w->poll, UV_READABLE, on_poll);
	return w;
}

static void on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

void network_monitor_stop(struct network_monitor *w)
{
	if (!w)
		return;
	uv_close((uv_handle_t *)&w->poll, on_closed);
	close(w->fd);
}
#else
struct network_monitor *network_monitor_start(struct loop *l, network_monitor_fn *fn, void *owner)
{
	(void)l, (void)fn, (void)owner;
	return NULL;
}

void network_monitor_stop(struct network_monitor *w)
{
	(void)w;
}
#endif
