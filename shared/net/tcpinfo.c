#include "shared/net/tcpinfo.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#ifdef __linux__
#include <linux/tcp.h>
#include <netinet/in.h>

struct tcpinfo tcpinfo_of(int fd)
{
	struct tcpinfo out = {0};
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		return out;
	out.known =
	    len >= offsetof(struct tcp_info, tcpi_notsent_bytes) + sizeof(info.tcpi_notsent_bytes);
	if (!out.known) /* a kernel before 4.6 */
		return out;
	out.rtt_us = info.tcpi_rtt;
	out.rttvar_us = info.tcpi_rttvar;
	out.bytes_acked = info.tcpi_bytes_acked;
	out.ack_age_ms = info.tcpi_last_ack_recv;
	out.unacked = info.tcpi_unacked;
	out.notsent_bytes = info.tcpi_notsent_bytes;
	return out;
}
#else
struct tcpinfo tcpinfo_of(int fd)
{
	(void)fd;
	return (struct tcpinfo){0};
}
#endif

uint64_t tcpinfo_boot_ms(void)
{
#ifdef CLOCK_BOOTTIME
	const clockid_t clock = CLOCK_BOOTTIME;
#else
	const clockid_t clock = CLOCK_MONOTONIC;
#endif
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
