/*
 * UDP there and back: packets echo PORT answers, packets send PORT SIZE FLOWS SECONDS PER_SECOND
 * WINDOW asks and counts what comes back.
 *
 * With PER_SECOND packets leave at that rate whatever comes back. With 0 each flow keeps WINDOW /
 * FLOWS packets on their way and sends the next when one is back, which is the most that a path
 * carries without its queues overflowing; what is not back within LOST_MS is lost.
 *
 * A packet is a head (flow, number) and the pattern from a position that both give, the answer the
 * same head and the answer's part of the pattern; both ends look at every byte. "probe" is answered
 * by "probe". Prints one line of JSON.
 */
#define _GNU_SOURCE
#include "gauge.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	SIZE_MAX_UDP = 9000,
	EVENTS = 64,
	LOST_MS = 250,
	PAUSE_US = 200,
	GREET_S = 10,
	FLOW_STRIDE = 7919
};

struct head {
	uint32_t flow, number;
};

struct flow {
	int fd;
	bool greeted; /* something has come back */
	uint32_t id, sent;
	uint32_t first;    /* numbers below only greeted */
	uint32_t oldest;   /* all below are back or given up */
	size_t out;        /* on their way */
	uint64_t *sent_ns; /* by number; 0: it is back */
	size_t cap;
};

static int poll_fd;
static uint16_t port;
static size_t size;
static uint64_t sent, back, repeated;

static const uint8_t *body(const struct head *h, size_t len, bool answer)
{
	return gauge_pattern((uint64_t)h->flow * FLOW_STRIDE + (uint64_t)h->number * len +
			     (answer ? GAUGE_ANSWER : 0));
}

static void wrong(const struct head *h, const char *what)
{
	fprintf(stderr, "packets: %s: flow %u number %u\n", what, h->flow, h->number);
	exit(3);
}

/* The head of a packet whose every byte is right. */
static struct head look(const uint8_t *p, size_t len, bool answer)
{
	struct head h = {0, 0};
	if (len < sizeof h)
		wrong(&h, "too short");
	memcpy(&h, p, sizeof h);
	if (memcmp(p + sizeof h, body(&h, len, answer), len - sizeof h) != 0)
		wrong(&h, answer ? "the answer's bytes differ" : "bytes differ");
	return h;
}

static void run_echo(void)
{
	int fd = gauge_listen(SOCK_DGRAM, port), room = 4 << 20;
	uint8_t p[SIZE_MAX_UDP];
	struct epoll_event ev = {.events = EPOLLIN};
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &ev);
	for (;;) {
		struct sockaddr_in from;
		socklen_t from_len = sizeof from;
		ssize_t n = recvfrom(fd, p, sizeof p, 0, (struct sockaddr *)&from, &from_len);
		if (n < 0) {
			epoll_wait(poll_fd, &ev, 1, -1);
			continue;
		}
		if (n != 5 || memcmp(p, "probe", 5) != 0) {
			struct head h = look(p, (size_t)n, false);
			memcpy(p + sizeof h, body(&h, (size_t)n, true), (size_t)n - sizeof h);
		}
		sendto(fd, p, (size_t)n, 0, (struct sockaddr *)&from, from_len);
	}
}

static void send_one(struct flow *f, uint64_t now)
{
	uint8_t p[SIZE_MAX_UDP];
	struct head h = {f->id, f->sent};
	if (f->sent == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 4096;
		f->sent_ns = realloc(f->sent_ns, f->cap * sizeof *f->sent_ns);
	}
	memcpy(p, &h, sizeof h);
	memcpy(p + sizeof h, body(&h, size, false), size - sizeof h);
	/* What this machine does not even take is lost as well. */
	if (send(f->fd, p, size, 0) < 0 && errno != EAGAIN && errno != ENOBUFS &&
	    errno != ECONNREFUSED)
		gauge_die("send");
	f->sent_ns[f->sent++] = now;
	f->out++;
	sent++;
}

static void receive_all(struct flow *f)
{
	uint8_t p[SIZE_MAX_UDP];
	ssize_t n;
	while ((n = recv(f->fd, p, sizeof p, 0)) >= 0) {
		uint64_t now = gauge_now_ns();
		struct head h = look(p, (size_t)n, true);
		if ((size_t)n != size || h.flow != f->id || h.number >= f->sent)
			wrong(&h, "nobody asked");
		if (!f->sent_ns[h.number]) {
			repeated++;
			continue;
		}
		f->greeted = true;
		if (h.number < f->first)
			continue;
		gauge_sample(now - f->sent_ns[h.number]);
		f->sent_ns[h.number] = 0;
		f->out -= h.number >= f->oldest;
		back++;
	}
}

static void receive_some(struct timespec wait)
{
	struct epoll_event evs[EVENTS];
	int n = epoll_pwait2(poll_fd, evs, EVENTS, &wait, NULL);
	for (int i = 0; i < n; i++)
		receive_all(evs[i].data.ptr);
}

static struct flow *open_flows(size_t count)
{
	struct flow *flows = calloc(count, sizeof *flows);
	struct sockaddr_in to = gauge_loopback(port);
	for (size_t i = 0; i < count; i++) {
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &flows[i]};
		int room = 1 << 20;
		flows[i].id = (uint32_t)i;
		flows[i].fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		setsockopt(flows[i].fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
		if (connect(flows[i].fd, (struct sockaddr *)&to, sizeof to) < 0 ||
		    epoll_ctl(poll_fd, EPOLL_CTL_ADD, flows[i].fd, &ev) < 0)
			gauge_die("socket");
	}
	return flows;
}

/* Until one packet has come back: what a flow's beginning costs is not measured here. */
static void greet(struct flow *f)
{
	uint64_t now = gauge_now_ns(), end = now + GREET_S * 1000000000ull, next = now;
	for (; !f->greeted; now = gauge_now_ns()) {
		if (now > end)
			gauge_die("nothing comes back");
		if (now >= next) {
			f->first = f->sent + 1;
			send_one(f, now);
			next = now + LOST_MS * 1000000ull;
		}
		receive_some((struct timespec){.tv_nsec = 10000000});
	}
	f->oldest = f->first;
	f->out = 0;
}

static void send_paced(struct flow *flows, size_t count, double seconds, double per_second)
{
	uint64_t began = gauge_now_ns(), now = began, end = began + (uint64_t)(seconds * 1e9),
		 n = 0;
	for (; now < end; now = gauge_now_ns()) {
		uint64_t due = (uint64_t)((double)(now - began) / 1e9 * per_second);
		for (; n < due; n++)
			send_one(&flows[n % count], gauge_now_ns());
		receive_some((struct timespec){.tv_nsec = PAUSE_US * 1000});
	}
}

/* What has been away for too long no longer holds a place. */
static void give_up(struct flow *f, uint64_t now)
{
	for (; f->oldest < f->sent; f->oldest++) {
		if (f->sent_ns[f->oldest] && now < f->sent_ns[f->oldest] + LOST_MS * 1000000ull)
			break;
		f->out -= f->sent_ns[f->oldest] != 0;
	}
}

static void send_windows(struct flow *flows, size_t count, double seconds, size_t window)
{
	uint64_t now = gauge_now_ns(), end = now + (uint64_t)(seconds * 1e9);
	size_t each = window / count ? window / count : 1;
	for (; now < end; now = gauge_now_ns()) {
		for (size_t i = 0; i < count; i++) {
			give_up(&flows[i], now);
			while (flows[i].out < each)
				send_one(&flows[i], gauge_now_ns());
		}
		receive_some((struct timespec){.tv_nsec = 10000000});
	}
}

/* Packets on their way come in until none has for LOST_MS. */
static void settle(void)
{
	uint64_t last = gauge_now_ns(), seen = back;
	while (back < sent && gauge_now_ns() < last + LOST_MS * 1000000ull) {
		receive_some((struct timespec){.tv_nsec = 10000000});
		if (back != seen)
			last = gauge_now_ns();
		seen = back;
	}
}

static void run_send(size_t count, double seconds, double per_second, size_t window)
{
	struct flow *flows = open_flows(count);
	for (size_t i = 0; i < count; i++)
		greet(&flows[i]);
	sent = repeated = 0;
	uint64_t began = gauge_now_ns();
	if (per_second > 0)
		send_paced(flows, count, seconds, per_second);
	else
		send_windows(flows, count, seconds, window);
	double took = (double)(gauge_now_ns() - began) / 1e9;
	uint64_t in_time = back;
	settle();
	printf("{\"rate\": %.1f, \"sent\": %llu, \"loss_pct\": %.4f, \"repeated\": %llu, ",
	       (double)in_time / took, (unsigned long long)sent,
	       sent ? 100.0 * (double)(sent - back) / (double)sent : 0,
	       (unsigned long long)repeated);
	gauge_print();
	printf("}\n");
}

int main(int argc, char **argv)
{
	gauge_init("packets");
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	port = argc > 2 ? (uint16_t)atoi(argv[2]) : 0;
	if (argc == 3 && strcmp(argv[1], "echo") == 0) {
		run_echo();
	} else if (argc == 8 && strcmp(argv[1], "send") == 0 &&
		   atoi(argv[3]) >= (int)sizeof(struct head) && atoi(argv[3]) <= SIZE_MAX_UDP) {
		size = (size_t)atoi(argv[3]);
		run_send((size_t)atoi(argv[4]), atof(argv[5]), atof(argv[6]),
			 (size_t)atoi(argv[7]));
	} else {
		fputs("packets echo PORT | send PORT SIZE FLOWS SECONDS PER_SECOND WINDOW\n",
		      stderr);
		return 2;
	}
	return 0;
}
