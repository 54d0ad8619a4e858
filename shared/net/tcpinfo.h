/* What the kernel knows of a TCP connection (on Linux; elsewhere known is false and all is 0). */
#ifndef GROUNDNUT_NET_TCPINFO_H
#define GROUNDNUT_NET_TCPINFO_H

#include <stdbool.h>
#include <stdint.h>

struct tcpinfo {
	bool known;
	uint32_t rtt_us, rttvar_us;
	uint64_t bytes_acked; /* of ours, by the peer's kernel */
	uint32_t ack_age_ms;  /* since its last acknowledgement */
	uint32_t unacked;     /* segments */
	uint32_t notsent_bytes;
};

struct tcpinfo tcpinfo_of(int fd);

/* CLOCK_BOOTTIME in ms (counts while the machine sleeps); elsewhere the monotonic clock. */
uint64_t tcpinfo_boot_ms(void);

#endif
