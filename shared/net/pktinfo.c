#define _GNU_SOURCE          /* struct in6_pktinfo */
#define __APPLE_USE_RFC_3542 /* the same on macOS */
#include "shared/net/pktinfo.h"

#include <string.h>

#if defined(__linux__) || defined(__APPLE__)

void pktinfo_ask(int fd, uint8_t family)
{
	const int on = 1;
	if (family == 6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
	setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
}

void pktinfo_read(struct msghdr *m, struct addr *local)
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

void pktinfo_write(struct msghdr *m, uint8_t family, const struct addr *local)
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

void pktinfo_ask(int fd, uint8_t family)
{
	(void)fd, (void)family;
}

void pktinfo_read(struct msghdr *m, struct addr *local)
{
	(void)m;
	*local = (struct addr){0};
}

void pktinfo_write(struct msghdr *m, uint8_t family, const struct addr *local)
{
	(void)family, (void)local;
	m->msg_control = NULL;
	m->msg_controllen = 0;
}
#endif
