/*
 * A load generator and the sink it talks to: load sink, then load bulk|rr|crc|mixed|idle against
 * whatever port leads there.
 *
 * Every byte is checked at the end that receives it, against a pattern that depends on the
 * connection's seed and on the position in its stream; the pattern's period is prime, so a block
 * lost, doubled or moved shows. Each run prints one line of JSON.
 *
 * A connection begins with a greeting: 'g', operation, two zero bytes, u32 seed, u64 bytes. Then
 *	push   the client sends that many; the sink answers with the count it found right (u64)
 *	pull   the sink sends that many
 *	rr     messages of 64 bytes in turns, each side with its own half of the pattern
 */
#define _GNU_SOURCE
#include "gauge.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BLOCK = GAUGE_BLOCK,
	GREETING = 16,
	MESSAGE = 64,
	EVENTS = 256,
	OPENING_MAX = 64, /* idle connections that are being set up at once */
	/* others while bulk runs, and how long each waits between its requests */
	PACED = 4,
	PACE_US = 2000,
};

enum operation { PUSH = 'p', PULL = 'l', RR = 'r' };

struct conn {
	int fd;
	bool is_client, connected, done, stalled, counted;
	enum operation op;
	uint32_t seed;
	uint64_t total, out, in; /* pattern bytes to move, sent, received */
	uint8_t head[GREETING];
	size_t head_len; /* of the greeting, sent or received */
	uint8_t count[8];
	size_t count_len;          /* of push's answer */
	uint64_t began_ns, due_ns; /* of the request under way; when to send the next */
	unsigned armed;
};

static __thread uint8_t block[BLOCK];
/* bulk has a thread of its own at both ends, so that what others wait for is the tunnel and not
 * us */
static __thread int poll_fd;
static uint16_t port;

static void wrong(const struct conn *c, const char *what)
{
	fprintf(stderr, "load: %s: op %c seed %u in %llu out %llu\n", what, c->op, c->seed,
		(unsigned long long)c->in, (unsigned long long)c->out);
	exit(3);
}

static const uint8_t *pattern_at(const struct conn *c, uint64_t position, bool answer)
{
	return gauge_pattern(c->seed + position + (answer ? GAUGE_ANSWER : 0));
}

static void check(const struct conn *c, const uint8_t *p, size_t len, bool answer)
{
	if (memcmp(p, pattern_at(c, c->in, answer), len) != 0)
		wrong(c, "bytes differ");
}

static void arm(struct conn *c, unsigned events)
{
	struct epoll_event ev = {.events = events, .data.ptr = c};
	if (c->armed != events && epoll_ctl(poll_fd, EPOLL_CTL_MOD, c->fd, &ev) < 0)
		gauge_die("epoll_ctl");
	c->armed = events;
}

static void add(struct conn *c, unsigned events)
{
	struct epoll_event ev = {.events = events, .data.ptr = c};
	int on = 1;
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, c->fd, &ev) < 0)
		gauge_die("epoll_ctl");
	c->armed = events;
}

/* -1: nothing now; 0: the end. Clients of a finished run go as they like: at the sink that is no
 * error. */
static ssize_t take(const struct conn *c, void *p, size_t len)
{
	ssize_t n = recv(c->fd, p, len, 0);
	if (n < 0 && errno != EAGAIN) {
		if (c->is_client)
			wrong(c, strerror(errno));
		return 0;
	}
	return n;
}

static size_t give(const struct conn *c, const void *p, size_t len)
{
	ssize_t n = send(c->fd, p, len, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && c->is_client)
		wrong(c, strerror(errno));
	return n < 0 ? 0 : (size_t)n;
}

/* --- both ends: moving the pattern --- */

static void send_pattern(struct conn *c)
{
	size_t len = c->total - c->out < BLOCK ? (size_t)(c->total - c->out) : BLOCK;
	c->out += give(c, pattern_at(c, c->out, false), len);
}

/* False at the end of input. */
static bool receive_pattern(struct conn *c)
{
	ssize_t n = take(c, block, BLOCK);
	if (n > 0) {
		check(c, block, (size_t)n, false);
		c->in += (uint64_t)n;
	}
	return n != 0;
}

/* Takes what is there of one message; true when it is whole. */
static bool receive_message(struct conn *c, bool answer)
{
	uint8_t p[MESSAGE];
	ssize_t n = take(c, p, MESSAGE - c->in % MESSAGE);
	if (n == 0)
		c->done = true;
	if (n <= 0)
		return false;
	check(c, p, (size_t)n, answer);
	c->in += (uint64_t)n;
	return c->in % MESSAGE == 0;
}

static void send_message(struct conn *c, bool answer)
{
	if (give(c, pattern_at(c, c->out, answer), MESSAGE) != MESSAGE && c->is_client)
		wrong(c, "64 bytes do not fit");
	c->out += MESSAGE;
}

/* --- the sink --- */

static void sink_close(struct conn *c)
{
	close(c->fd);
	free(c);
}

static bool sink_greeting(struct conn *c)
{
	ssize_t n = take(c, c->head + c->head_len, GREETING - c->head_len);
	if (n == 0)
		c->done = true;
	if (n <= 0)
		return false;
	c->head_len += (size_t)n;
	if (c->head_len < GREETING)
		return false;
	c->op = c->head[1];
	memcpy(&c->seed, c->head + 4, 4);
	memcpy(&c->total, c->head + 8, 8);
	if (c->head[0] != 'g' || (c->op != PUSH && c->op != PULL && c->op != RR))
		wrong(c, "no greeting");
	return true;
}

static void sink_step(struct conn *c)
{
	if (c->head_len < GREETING && !sink_greeting(c))
		return;
	if (c->op == RR) {
		while (receive_message(c, false))
			send_message(c, true);
	} else if (c->op == PULL) {
		send_pattern(c);
		c->done = c->out == c->total;
		arm(c, EPOLLOUT);
	} else {
		c->done = !receive_pattern(c);
		if (c->in == c->total && !c->counted) {
			c->counted = true;
			give(c, &c->in, sizeof c->in);
		}
	}
}

static void sink_serve(struct conn *listener, int bulk_fd)
{
	struct epoll_event evs[EVENTS];
	int n = epoll_wait(poll_fd, evs, EVENTS, -1), fd;
	for (int i = 0; i < n; i++) {
		struct conn *c = evs[i].data.ptr;
		if (c == listener) {
			while ((fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
				c = calloc(1, sizeof *c);
				c->fd = fd;
				add(c, EPOLLIN);
			}
			continue;
		}
		c->done = evs[i].events & (EPOLLERR | EPOLLHUP);
		if (!c->done)
			sink_step(c);
		if (c->done) {
			sink_close(c);
		} else if (c->head_len == GREETING && c->op != RR && bulk_fd != poll_fd) {
			struct epoll_event ev = {.events = c->armed, .data.ptr = c};
			epoll_ctl(poll_fd, EPOLL_CTL_DEL, c->fd, NULL);
			epoll_ctl(bulk_fd, EPOLL_CTL_ADD, c->fd, &ev);
		}
	}
}

static void *sink_bulk(void *arg)
{
	poll_fd = *(int *)arg;
	for (;;)
		sink_serve(NULL, poll_fd);
	return NULL;
}

static void run_sink(uint16_t at)
{
	struct conn listener = {.fd = gauge_listen(SOCK_STREAM, at)};
	int bulk_fd = epoll_create1(EPOLL_CLOEXEC);
	pthread_t bulk;
	add(&listener, EPOLLIN);
	pthread_create(&bulk, NULL, sink_bulk, &bulk_fd);
	for (;;)
		sink_serve(&listener, bulk_fd);
}

/* --- the client --- */

static void dial(struct conn *c, enum operation op, uint64_t total)
{
	*c = (struct conn){.is_client = true,
			   .op = op,
			   .total = total,
			   .seed = gauge_next() % GAUGE_PERIOD,
			   .began_ns = gauge_now_ns()};
	c->fd = gauge_dial(port);
	c->head[0] = 'g';
	c->head[1] = (uint8_t)op;
	memcpy(c->head + 4, &c->seed, 4);
	memcpy(c->head + 8, &c->total, 8);
	add(c, EPOLLOUT);
}

/* The greeting, and with rr the first message, in one segment. */
static void greet(struct conn *c)
{
	uint8_t first[GREETING + MESSAGE];
	size_t len = GREETING;
	memcpy(first, c->head, GREETING);
	if (c->op == RR) {
		memcpy(first + GREETING, pattern_at(c, 0, false), MESSAGE);
		len += MESSAGE;
		c->out = MESSAGE;
	}
	if (give(c, first, len) != len)
		wrong(c, "greeting does not fit");
	c->connected = true;
	c->head_len = GREETING;
	arm(c, c->op == PUSH ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void client_push(struct conn *c)
{
	if (c->out < c->total) {
		send_pattern(c);
		if (c->out == c->total)
			arm(c, EPOLLIN);
		return;
	}
	ssize_t n = take(c, c->count + c->count_len, sizeof c->count - c->count_len);
	if (n == 0)
		wrong(c, "closed before it was all there");
	c->count_len += n > 0 ? (size_t)n : 0;
	if (c->count_len < sizeof c->count)
		return;
	if (memcmp(c->count, &c->total, sizeof c->count) != 0)
		wrong(c, "the sink counts otherwise");
	c->done = true;
}

static void client_pull(struct conn *c)
{
	if (!receive_pattern(c) && c->in < c->total)
		wrong(c, "closed before it was all there");
	c->done = c->in == c->total;
}

/* Moves it on; true when an rr message has come back. */
static bool client_step(struct conn *c)
{
	if (!c->connected) {
		int err = 0;
		socklen_t len = sizeof err;
		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
		errno = err;
		if (err)
			gauge_die("connect");
		greet(c);
		if (c->op != PUSH)
			return false;
	}
	if (c->op == PUSH)
		client_push(c);
	else if (c->op == PULL)
		client_pull(c);
	else
		return receive_message(c, true);
	return false;
}

static void must_live(const struct conn *c)
{
	if (c->op == RR && c->done)
		wrong(c, "closed");
}

static void run_bulk(enum operation op, size_t count, uint64_t bytes)
{
	struct conn *conns = calloc(count, sizeof *conns);
	struct epoll_event evs[EVENTS];
	uint64_t began = gauge_now_ns();
	size_t left = count;
	for (size_t i = 0; i < count; i++)
		dial(&conns[i], op, bytes / count);
	while (left > 0) {
		int n = epoll_wait(poll_fd, evs, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			struct conn *c = evs[i].data.ptr;
			client_step(c);
			if (!c->done)
				continue;
			close(c->fd);
			left--;
		}
	}
	double seconds = (double)(gauge_now_ns() - began) / 1e9;
	bytes = bytes / count * count;
	printf("{\"bytes\": %llu, \"seconds\": %.4f, \"mb_s\": %.1f}\n", (unsigned long long)bytes,
	       seconds, (double)bytes / seconds / 1e6);
}

static void run_rr(size_t count, double seconds)
{
	struct conn *conns = calloc(count, sizeof *conns);
	struct epoll_event evs[EVENTS];
	for (size_t i = 0; i < count; i++)
		dial(&conns[i], RR, 0);
	uint64_t began = gauge_now_ns(), warm = began + 100000000,
		 end = warm + (uint64_t)(seconds * 1e9), now = began;
	while (now < end) {
		int n = epoll_wait(poll_fd, evs, EVENTS, 1000);
		for (int i = 0; i < n; i++) {
			struct conn *c = evs[i].data.ptr;
			if (!client_step(c)) {
				must_live(c);
				continue;
			}
			now = gauge_now_ns();
			if (now > warm)
				gauge_sample(now - c->began_ns);
			c->began_ns = now;
			send_message(c, false);
		}
		now = gauge_now_ns();
	}
	printf("{\"rate\": %.1f, ", (double)gauge_count() / seconds);
	gauge_print();
	printf("}\n");
}

static void run_crc(size_t count, double seconds)
{
	struct conn *conns = calloc(count, sizeof *conns);
	struct epoll_event evs[EVENTS];
	for (size_t i = 0; i < count; i++)
		dial(&conns[i], RR, 0);
	uint64_t began = gauge_now_ns(), end = began + (uint64_t)(seconds * 1e9), now = began;
	while (now < end) {
		int n = epoll_wait(poll_fd, evs, EVENTS, 1000);
		for (int i = 0; i < n; i++) {
			struct conn *c = evs[i].data.ptr;
			if (!client_step(c)) {
				must_live(c);
				continue;
			}
			gauge_sample(gauge_now_ns() - c->began_ns);
			close(c->fd);
			dial(c, RR, 0);
		}
		now = gauge_now_ns();
	}
	printf("{\"rate\": %.1f, ", (double)gauge_count() / seconds);
	gauge_print();
	printf("}\n");
}

struct crowd {
	enum operation op;
	size_t bulk, stalled;
	_Atomic uint64_t moved;
};

/* Transfers without end; the stalled readers have asked for as much and take nothing. */
static void *run_crowd(void *arg)
{
	struct crowd *crowd = arg;
	size_t count = crowd->bulk + crowd->stalled;
	struct conn *conns = calloc(count, sizeof *conns);
	struct epoll_event evs[EVENTS];
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < count; i++) {
		dial(&conns[i], i < crowd->bulk ? crowd->op : PULL, 1ull << 40);
		conns[i].stalled = i >= crowd->bulk;
	}
	for (;;) {
		int n = epoll_wait(poll_fd, evs, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			struct conn *c = evs[i].data.ptr;
			uint64_t before = c->in + c->out;
			client_step(c);
			atomic_fetch_add(&crowd->moved, c->in + c->out - before);
			if (c->stalled)
				arm(c, 0);
		}
	}
	return NULL;
}

/* What was asked last and has no answer yet counts with the wait so far, if it is all there is. */
static void sample_unanswered(const struct conn *conns, size_t count)
{
	uint64_t now = gauge_now_ns();
	for (size_t i = 0; i < count && gauge_count() < count; i++)
		if (!conns[i].due_ns)
			gauge_sample(now - conns[i].began_ns);
}

static void run_mixed(enum operation op, double seconds, double warm_s, size_t bulk, size_t stalled)
{
	struct conn conns[PACED];
	struct crowd crowd = {.op = op, .bulk = bulk, .stalled = stalled};
	struct epoll_event evs[EVENTS];
	uint64_t moved = 0;
	pthread_t thread;
	for (size_t i = 0; i < PACED; i++)
		dial(&conns[i], RR, 0);
	pthread_create(&thread, NULL, run_crowd, &crowd);
	uint64_t now = gauge_now_ns(), warm = now + (uint64_t)(warm_s * 1e9),
		 end = warm + (uint64_t)(seconds * 1e9);
	while (now < end) {
		int n = epoll_wait(poll_fd, evs, EVENTS, 1);
		now = gauge_now_ns();
		if (now < warm)
			moved = atomic_load(&crowd.moved);
		for (int i = 0; i < n; i++) {
			struct conn *c = evs[i].data.ptr;
			if (client_step(c)) {
				if (now > warm)
					gauge_sample(now - c->began_ns);
				c->due_ns = now + PACE_US * 1000;
			}
			must_live(c);
		}
		for (size_t i = 0; i < PACED; i++) {
			if (!conns[i].due_ns || conns[i].due_ns > now)
				continue;
			conns[i].due_ns = 0;
			conns[i].began_ns = gauge_now_ns();
			send_message(&conns[i], false);
		}
	}
	sample_unanswered(conns, PACED);
	printf("{\"mb_s\": %.1f, ", (double)(atomic_load(&crowd.moved) - moved) / seconds / 1e6);
	gauge_print();
	printf("}\n");
}

/* Opens them, says so, waits for a line on stdin, asks each once more. */
static void run_idle(size_t count)
{
	struct conn *conns = calloc(count, sizeof *conns);
	struct epoll_event evs[EVENTS];
	char line[8];
	for (int round = 0; round < 2; round++) {
		size_t begun = 0, answered = 0;
		while (answered < count) {
			for (; begun < count && begun < answered + OPENING_MAX; begun++) {
				if (round == 0)
					dial(&conns[begun], RR, 0);
				else
					send_message(&conns[begun], false);
			}
			int n = epoll_wait(poll_fd, evs, EVENTS, -1);
			for (int i = 0; i < n; i++) {
				answered += client_step(evs[i].data.ptr);
				must_live(evs[i].data.ptr);
			}
		}
		printf(round == 0 ? "ready\n" : "{\"connections\": %zu}\n", count);
		fflush(stdout);
		if (round == 0 && !fgets(line, sizeof line, stdin))
			return;
	}
}

/* COUNT visitors who get bytes without end, or send them, each at a port of its own. */
static void run_shares(enum operation op, size_t count, double seconds)
{
	struct epoll_event evs[EVENTS], ev = {.events = op == PULL ? EPOLLIN : EPOLLOUT};
	for (size_t i = 0; i < count; i++) {
		ev.data.fd = gauge_dial((uint16_t)(port + i));
		epoll_ctl(poll_fd, EPOLL_CTL_ADD, ev.data.fd, &ev);
	}
	uint64_t end = gauge_now_ns() + (uint64_t)(seconds * 1e9);
	while (gauge_now_ns() < end) {
		int n = epoll_wait(poll_fd, evs, EVENTS, 100);
		for (int i = 0; i < n; i++) {
			int fd = evs[i].data.fd;
			ssize_t len = op == PULL ? recv(fd, NULL, 1 << 20, MSG_TRUNC)
						 : send(fd, block, BLOCK, MSG_NOSIGNAL);
			if (len == 0 || (len < 0 && errno != EAGAIN))
				gauge_die("a visitor");
		}
	}
}

static enum operation operation(const char *word)
{
	return strcmp(word, "push") == 0 ? PUSH : PULL;
}

static int usage(void)
{
	fputs("load sink PORT | bulk PORT push|pull CONNECTIONS BYTES | rr PORT CONNECTIONS "
	      "SECONDS | crc PORT CONNECTIONS SECONDS |\n"
	      "     mixed PORT push|pull SECONDS WARM_UP_SECONDS BULK STALLED | idle PORT "
	      "CONNECTIONS |\n"
	      "     shares FIRST_PORT push|pull COUNT SECONDS\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return usage();
	gauge_init("load");
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	port = (uint16_t)atoi(argv[2]);
	if (strcmp(argv[1], "sink") == 0)
		run_sink(port);
	else if (strcmp(argv[1], "bulk") == 0 && argc == 6)
		run_bulk(operation(argv[3]), (size_t)atoi(argv[4]), strtoull(argv[5], NULL, 10));
	else if (strcmp(argv[1], "rr") == 0 && argc == 5)
		run_rr((size_t)atoi(argv[3]), atof(argv[4]));
	else if (strcmp(argv[1], "crc") == 0 && argc == 5)
		run_crc((size_t)atoi(argv[3]), atof(argv[4]));
	else if (strcmp(argv[1], "mixed") == 0 && argc == 8)
		run_mixed(operation(argv[3]), atof(argv[4]), atof(argv[5]), (size_t)atoi(argv[6]),
			  (size_t)atoi(argv[7]));
	else if (strcmp(argv[1], "shares") == 0 && argc == 6)
		run_shares(operation(argv[3]), (size_t)atoi(argv[4]), atof(argv[5]));
	else if (strcmp(argv[1], "idle") == 0 && argc == 4)
		run_idle((size_t)atoi(argv[3]));
	else
		return usage();
	return 0;
}
