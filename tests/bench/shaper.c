/*
 * A path with a rate and a round trip, in user space: shaper TARGET_PORT BYTES_PER_SECOND RTT_MS
 * listens on loopback, prints its port, and carries each connection to TARGET_PORT. All connections
 * share one line each way.
 *
 * What is read takes its turn on the line (len / rate), then travels for half a round trip, then is
 * written. A line that has QUEUE_US of work is not given more, and sockets here have small buffers,
 * so what a sender pushes beyond the rate stays in the sender. A connection's first byte waits one
 * round trip, as a handshake would.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 16 * 1024, BUFFER = 64 * 1024, QUEUE_US = 4000, EVENTS = 64 };

struct chunk {
	struct chunk *next;
	uint64_t due_ns;
	size_t start, len; /* len 0: the end of input */
	uint8_t bytes[];
};

struct line {
	uint64_t free_ns; /* when it has sent what it was given */
};

struct end {
	int fd;
	struct pair *pair;
	struct end *other;
	struct line *line;          /* what is read here goes onto it */
	struct chunk *first, *last; /* on their way to be written here */
	uint64_t open_ns;           /* nothing is read before */
	bool readable, writable, eof;
};

struct pair {
	struct pair *next;
	struct end ends[2];
	bool dead;
};

static int poll_fd;
static double ns_per_byte;
static uint64_t travel_ns, now;
static struct line lines[2];
static struct pair *pairs;

static void look_at_clock(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	now = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void watch(struct end *e)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = e};
	int on = 1, size = BUFFER;
	setsockopt(e->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(e->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	setsockopt(e->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	epoll_ctl(poll_fd, EPOLL_CTL_ADD, e->fd, &ev);
}

static void put(struct end *from, struct chunk *c, size_t len)
{
	struct line *l = from->line;
	struct end *to = from->other;
	l->free_ns = (l->free_ns > now ? l->free_ns : now) + (uint64_t)((double)len * ns_per_byte);
	c->next = NULL;
	c->start = 0;
	c->len = len;
	c->due_ns = l->free_ns + travel_ns;
	if (to->last)
		to->last->next = c;
	else
		to->first = c;
	to->last = c;
}

/* One chunk, so that those who share a line take turns. True if there may be more. */
static bool read_one(struct end *e)
{
	if (!e->readable || e->eof || now < e->open_ns || e->line->free_ns > now + QUEUE_US * 1000)
		return false;
	struct chunk *c = malloc(sizeof *c + CHUNK);
	ssize_t n = recv(e->fd, c->bytes, CHUNK, 0);
	if (n < 0 && errno == EAGAIN) {
		e->readable = false;
		free(c);
		return false;
	}
	e->pair->dead |= n < 0;
	e->eof = n <= 0;
	put(e, c, n > 0 ? (size_t)n : 0);
	return n > 0;
}

static void write_due(struct end *e)
{
	while (e->first && e->writable && e->first->due_ns <= now) {
		struct chunk *c = e->first;
		if (c->len == 0) {
			shutdown(e->fd, SHUT_WR);
			e->pair->dead |= e->eof;
		} else {
			ssize_t n = send(e->fd, c->bytes + c->start, c->len, MSG_NOSIGNAL);
			e->pair->dead |= n < 0 && errno != EAGAIN;
			if (n < (ssize_t)c->len) {
				c->start += n > 0 ? (size_t)n : 0;
				c->len -= n > 0 ? (size_t)n : 0;
				e->writable = false;
				return;
			}
		}
		e->first = c->next;
		if (!e->first)
			e->last = NULL;
		free(c);
	}
}

static void bury(struct pair **at)
{
	struct pair *p = *at;
	*at = p->next;
	for (int i = 0; i < 2; i++) {
		close(p->ends[i].fd);
		while (p->ends[i].first) {
			struct chunk *c = p->ends[i].first;
			p->ends[i].first = c->next;
			free(c);
		}
	}
	free(p);
}

static void accept_all(int fd, uint16_t target)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(target),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int from;
	while ((from = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		int onward = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(onward, (struct sockaddr *)&to, sizeof to) < 0) {
			close(from);
			close(onward);
			continue;
		}
		fcntl(onward, F_SETFL, O_NONBLOCK);
		struct pair *p = calloc(1, sizeof *p);
		int fds[2] = {from, onward};
		for (int i = 0; i < 2; i++)
			p->ends[i] = (struct end){.fd = fds[i],
						  .pair = p,
						  .other = &p->ends[!i],
						  .line = &lines[i],
						  .readable = true,
						  .writable = true,
						  .open_ns = now + 2 * travel_ns};
		watch(&p->ends[0]);
		watch(&p->ends[1]);
		p->next = pairs;
		pairs = p;
	}
}

/* So that no connection is always the first to be asked when the line is free. */
static void rotate(void)
{
	struct pair *first = pairs, **at = &pairs;
	if (!first || !first->next)
		return;
	pairs = first->next;
	while (*at)
		at = &(*at)->next;
	*at = first;
	first->next = NULL;
}

/* Does what can be done now; returns when something more can. */
static uint64_t serve(void)
{
	uint64_t next = now + 1000000000;
	bool more = true;
	while (more) {
		more = false;
		rotate();
		for (struct pair *p = pairs; p; p = p->next)
			for (int i = 0; i < 2; i++)
				more |= read_one(&p->ends[i]);
	}
	for (struct pair **at = &pairs; *at;) {
		struct pair *p = *at;
		for (int i = 0; i < 2; i++) {
			struct end *e = &p->ends[i];
			write_due(e);
			if (e->first && e->writable && e->first->due_ns < next)
				next = e->first->due_ns;
			if (!e->readable || e->eof)
				continue;
			uint64_t at_ns = e->line->free_ns -
					 (e->line->free_ns > QUEUE_US * 1000 ? QUEUE_US * 1000 : 0);
			at_ns = at_ns > e->open_ns ? at_ns : e->open_ns;
			next = at_ns < next ? at_ns : next;
		}
		if (p->dead)
			bury(at);
		else
			at = &p->next;
	}
	return next;
}

static int listen_here(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 1024) < 0) {
		perror("shaper: listen");
		exit(1);
	}
	getsockname(fd, (struct sockaddr *)&a, &len);
	printf("%d\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	struct epoll_event evs[EVENTS], ev = {.events = EPOLLIN};
	struct rlimit files;
	if (argc != 4) {
		fputs("shaper TARGET_PORT BYTES_PER_SECOND RTT_MS\n", stderr);
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	ns_per_byte = 1e9 / atof(argv[2]);
	travel_ns = (uint64_t)(atof(argv[3]) * 1e6 / 2);
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	int listener = listen_here();
	epoll_ctl(poll_fd, EPOLL_CTL_ADD, listener, &ev);
	for (;;) {
		look_at_clock();
		uint64_t next = serve(), wait = next > now ? next - now : 0;
		struct timespec t = {.tv_sec = (time_t)(wait / 1000000000),
				     .tv_nsec = (long)(wait % 1000000000)};
		int n = epoll_pwait2(poll_fd, evs, EVENTS, &t, NULL);
		look_at_clock();
		for (int i = 0; i < n; i++) {
			struct end *e = evs[i].data.ptr;
			if (!e) {
				accept_all(listener, (uint16_t)atoi(argv[1]));
				continue;
			}
			e->readable |= (evs[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
			e->writable |= (evs[i].events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
		}
	}
}
