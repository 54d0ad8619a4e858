/*
 * A long path for packets, with the kernel's own TCP at both ends: wan QUEUE FIFO takes what the
 * firewall hands to that NFQUEUE, drops some, and lets the others go in order after a while.
 *
 * Each line that comes by FIFO sets the path anew: DELAY_US LOSS_PERCENT BYTES_PER_SECOND
 * QUEUE_BYTES. A rate of 0 is none; with a queue of at least 1 what does not fit is dropped, with a
 * negative one there is no queue but a policer, which lets a burst of so many bytes pass.
 *
 * The kernel cuts large segments into packets before it hands them over.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RING = 1 << 17, HEAD = sizeof(struct ip6_hdr), RECEIVE = 8 << 20, TURN = 64 };

struct packet {
	uint64_t due_ns;
	uint32_t id;
};

static struct packet ring[RING];
static unsigned first, count;
static uint64_t delay_ns, free_ns; /* when the line has sent what it was given */
static double loss, rate, queue_bytes;
static double tokens; /* of the policer */
static uint64_t filled_ns;
static int nl;
static uint16_t number;

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* One message with one attribute. */
static void tell(int kind, int attribute, const void *value, size_t len)
{
	struct {
		struct nlmsghdr nl;
		struct nfgenmsg nf;
		struct nlattr attr;
		uint8_t value[16];
	} m = {
	    .nl = {.nlmsg_type = (uint16_t)(NFNL_SUBSYS_QUEUE << 8 | kind),
		   .nlmsg_flags = NLM_F_REQUEST},
	    .nf = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(number)},
	    .attr = {.nla_type = (uint16_t)attribute, .nla_len = (uint16_t)(NLA_HDRLEN + len)},
	};
	memcpy(m.value, value, len);
	m.nl.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof m.nf) + NLA_ALIGN(m.attr.nla_len));
	if (send(nl, &m, m.nl.nlmsg_len, 0) < 0)
		die("send");
}

static void judge(int kind, uint32_t id, uint32_t verdict)
{
	struct nfqnl_msg_verdict_hdr v = {.verdict = htonl(verdict), .id = htonl(id)};
	tell(kind, NFQA_VERDICT_HDR, &v, sizeof v);
}

static void bind_queue(void)
{
	struct nfqnl_msg_config_cmd cmd = {.command = NFQNL_CFG_CMD_BIND};
	struct nfqnl_msg_config_params params = {.copy_range = htonl(HEAD),
						 .copy_mode = NFQNL_COPY_PACKET};
	uint32_t most = htonl(RING - 1);
	int bytes = RECEIVE, on = 1;
	nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	if (nl < 0)
		die("socket");
	if (setsockopt(nl, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
		setsockopt(nl, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	setsockopt(nl, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on);
	tell(NFQNL_MSG_CONFIG, NFQA_CFG_CMD, &cmd, sizeof cmd);
	tell(NFQNL_MSG_CONFIG, NFQA_CFG_PARAMS, &params, sizeof params);
	tell(NFQNL_MSG_CONFIG, NFQA_CFG_QUEUE_MAXLEN, &most, sizeof most);
}

static size_t length_of(const uint8_t *head, size_t len)
{
	struct ip v4;
	struct ip6_hdr v6;
	if (len >= sizeof v4 && head[0] >> 4 == 4) {
		memcpy(&v4, head, sizeof v4);
		return ntohs(v4.ip_len);
	}
	if (len < sizeof v6)
		return len;
	memcpy(&v6, head, sizeof v6);
	return ntohs(v6.ip6_plen) + sizeof v6;
}

/* False: the policer drops it. */
static int may_pass(size_t len, uint64_t now)
{
	tokens += (double)(now - filled_ns) * rate / 1e9;
	filled_ns = now;
	if (tokens > -queue_bytes)
		tokens = -queue_bytes;
	if (tokens < (double)len)
		return 0;
	tokens -= (double)len;
	return 1;
}

/* When it is at the other end; 0: it never is. */
static uint64_t arrival(size_t len, uint64_t now)
{
	if (count == RING || drand48() * 100 < loss)
		return 0;
	if (rate <= 0)
		return now + delay_ns;
	if (queue_bytes < 0)
		return may_pass(len, now) ? now + delay_ns : 0;
	if (free_ns < now)
		free_ns = now;
	if ((double)(free_ns - now) * rate / 1e9 > queue_bytes)
		return 0;
	free_ns += (uint64_t)((double)len * 1e9 / rate);
	return free_ns + delay_ns;
}

static void take(const struct nlmsghdr *m, uint64_t now)
{
	const uint8_t *at = (const uint8_t *)NLMSG_DATA(m) + NLMSG_ALIGN(sizeof(struct nfgenmsg)),
		      *end = (const uint8_t *)m + m->nlmsg_len;
	uint32_t id = 0;
	size_t len = 0;
	if (m->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET))
		return;
	while (at + NLA_HDRLEN <= end) {
		struct nlattr a;
		struct nfqnl_msg_packet_hdr head;
		memcpy(&a, at, sizeof a);
		const uint8_t *value = at + NLA_HDRLEN;
		if (a.nla_type == NFQA_PACKET_HDR) {
			memcpy(&head, value, sizeof head);
			id = ntohl(head.packet_id);
		} else if (a.nla_type == NFQA_PAYLOAD) {
			len = length_of(value, (size_t)a.nla_len - NLA_HDRLEN);
		}
		at += NLA_ALIGN(a.nla_len);
	}
	uint64_t due = arrival(len, now);
	if (due)
		ring[(first + count++) % RING] = (struct packet){due, id};
	else
		judge(NFQNL_MSG_VERDICT, id, NF_DROP);
}

static void receive(void)
{
	static uint8_t bytes[65536] __attribute__((aligned(NLMSG_ALIGNTO)));
	for (int i = 0; i < TURN; i++) {
		ssize_t n = recv(nl, bytes, sizeof bytes, MSG_DONTWAIT);
		if (n <= 0)
			return;
		uint64_t now = now_ns();
		struct nlmsghdr *m = (struct nlmsghdr *)(void *)bytes;
		/* signed: the last one is not padded */
		for (int left = (int)n; left > 0 && NLMSG_OK(m, (unsigned)left);
		     m = NLMSG_NEXT(m, left))
			take(m, now);
	}
}

/* The one verdict is for all packets up to it that wait. */
static void let_go(uint64_t now)
{
	uint32_t id = 0;
	unsigned before = count;
	for (; count && ring[first].due_ns <= now; count--) {
		id = ring[first].id;
		first = (first + 1) % RING;
	}
	if (count < before)
		judge(NFQNL_MSG_VERDICT_BATCH, id, NF_ACCEPT);
}

static void set(int fifo)
{
	char line[256];
	double delay_us;
	ssize_t n = read(fifo, line, sizeof line - 1);
	if (n <= 0)
		return;
	line[n] = 0;
	if (sscanf(line, "%lf %lf %lf %lf", &delay_us, &loss, &rate, &queue_bytes) != 4) {
		fprintf(stderr, "wan: \"%s\" is no path\n", line);
		exit(2);
	}
	delay_ns = (uint64_t)(delay_us * 1000);
	free_ns = 0;
	filled_ns = now_ns();
	tokens = queue_bytes < 0 ? -queue_bytes : 0;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: wan QUEUE FIFO\n");
		return 2;
	}
	number = (uint16_t)atoi(argv[1]);
	int fifo = open(argv[2], O_RDWR);
	if (fifo < 0)
		die(argv[2]);
	srand48(number + 1);
	bind_queue();
	for (;;) {
		struct pollfd fds[] = {{nl, POLLIN, 0}, {fifo, POLLIN, 0}};
		uint64_t now = now_ns(), wait = count ? ring[first].due_ns : 0;
		wait = wait > now ? wait - now : 0;
		struct timespec t = {(time_t)(wait / 1000000000U), (long)(wait % 1000000000U)};
		ppoll(fds, 2, count ? &t : NULL, NULL);
		if (fds[1].revents)
			set(fifo);
		receive();
		let_go(now_ns());
	}
}
