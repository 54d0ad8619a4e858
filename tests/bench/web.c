/*
 * HTTP: web origin PORT serves, web get PORT HOST CONNECTIONS SECONDS asks on connections that are
 * kept, each one request at a time. web tls is the same by TLS (1.3, whatever the certificate), web
 * handshakes by TLS with a connection and a full handshake for each request. web hold PORT HOST
 * COUNT has that many TLS connections ask once, prints "ready", and lets each ask once more when a
 * line comes by stdin.
 *
 * A request is for /N; its answer is PAGE bytes of the pattern from position N on, so an answer
 * given to another request is wrong. A connection that the server ends after an answer is dialled
 * again. Prints one line of JSON.
 */
#define _GNU_SOURCE
#include "gauge.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAGE = 1024, HEAD_MAX = 4096, EVENTS = 256, WARM_MS = 200, AT_ONCE = 32 };

struct conn {
	int fd;
	SSL *ssl;   /* NULL: plain */
	bool asked; /* the connection is there and the request is out */
	uint32_t position;
	uint64_t began_ns;
	size_t len;
	/* what has come of a request or an answer, and a zero behind it */
	char in[HEAD_MAX + PAGE + 1];
};

static int poll_fd;
static uint16_t port;
static const char *host;
static SSL_CTX *tls; /* of visitors by TLS */
static bool each_closes;
static size_t redials;

static void wrong(const struct conn *c, const char *what)
{
	fprintf(stderr, "web: %s: /%u, %zu bytes: %.300s\n", what, c->position, c->len, c->in);
	exit(3);
}

static ssize_t read_some(struct conn *c, void *p, size_t len)
{
	if (!c->ssl)
		return recv(c->fd, p, len, 0);
	int n = SSL_read(c->ssl, p, (int)len);
	errno = n <= 0 && SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ ? EAGAIN : EPROTO;
	return n;
}

/* False at the end. What does not fit is wrong. */
static bool receive(struct conn *c)
{
	ssize_t n = read_some(c, c->in + c->len, sizeof c->in - 1 - c->len);
	if (n < 0 && errno == EAGAIN)
		return true;
	if (n > 0)
		c->len += (size_t)n;
	c->in[c->len] = 0;
	return n > 0;
}

static void take(struct conn *c, size_t len)
{
	memmove(c->in, c->in + len, c->len - len + 1);
	c->len -= len;
}

/* --- the origin --- */

static bool origin_answer(struct conn *c)
{
	char *end = strstr(c->in, "\r\n\r\n"), out[HEAD_MAX + PAGE];
	unsigned position;
	if (!end)
		return false;
	if (sscanf(c->in, "GET /%u HTTP/1.", &position) != 1)
		wrong(c, "no request");
	int head = snprintf(out, HEAD_MAX,
			    "HTTP/1.1 200 OK\r\nContent-Type: "
			    "application/octet-stream\r\nContent-Length: %d\r\n\r\n",
			    PAGE);
	memcpy(out + head, gauge_pattern(position), PAGE);
	if (send(c->fd, out, (size_t)head + PAGE, MSG_NOSIGNAL) != head + PAGE && errno != EPIPE &&
	    errno != ECONNRESET)
		gauge_die("an answer does not fit");
	take(c, (size_t)(end + 4 - c->in));
	return true;
}

static void origin_accept(int listener)
{
	int fd, on = 1;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct conn *c = calloc(1, sizeof *c);
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
		c->fd = fd;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &ev);
	}
}

static void run_origin(void)
{
	struct epoll_event evs[EVENTS], ev = {.events = EPOLLIN};
	int listener = gauge_listen(SOCK_STREAM, port);
	epoll_ctl(poll_fd, EPOLL_CTL_ADD, listener, &ev);
	for (;;) {
		int n = epoll_wait(poll_fd, evs, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			struct conn *c = evs[i].data.ptr;
			if (!c) {
				origin_accept(listener);
			} else if (!receive(c)) {
				close(c->fd);
				free(c);
			} else {
				while (origin_answer(c))
					;
			}
		}
	}
}

/* --- the visitors --- */

static void dial(struct conn *c)
{
	struct epoll_event ev = {.events = EPOLLOUT, .data.ptr = c};
	c->fd = gauge_dial(port);
	c->asked = false;
	c->len = 0;
	c->began_ns = gauge_now_ns();
	epoll_ctl(poll_fd, EPOLL_CTL_ADD, c->fd, &ev);
	if (!tls)
		return;
	c->ssl = SSL_new(tls);
	SSL_set_fd(c->ssl, c->fd);
	SSL_set_tlsext_host_name(c->ssl, host);
	SSL_set_connect_state(c->ssl);
}

static void hang_up(struct conn *c)
{
	SSL_free(c->ssl);
	c->ssl = NULL;
	close(c->fd);
}

static void ask(struct conn *c)
{
	char out[512];
	c->position = gauge_next() >> 1;
	int len =
	    snprintf(out, sizeof out,
		     "GET /%u HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAccept: */*\r\n%s\r\n",
		     c->position, host, each_closes ? "Connection: close\r\n" : "");
	if ((c->ssl ? SSL_write(c->ssl, out, len) : send(c->fd, out, (size_t)len, MSG_NOSIGNAL)) !=
	    len)
		wrong(c, strerror(errno));
}

/* How long the whole answer is, 0 when that cannot be said yet. */
static size_t answer_len(struct conn *c, bool *close_after)
{
	char *end = strstr(c->in, "\r\n\r\n");
	if (!end)
		return 0;
	*end = 0;
	char *length = strcasestr(c->in, "\r\nContent-Length:"),
	     *connection = strcasestr(c->in, "\r\nConnection: close");
	if (strncmp(c->in, "HTTP/1.1 200", 12) != 0 || !length ||
	    strtoul(length + 17, NULL, 10) != PAGE)
		wrong(c, "another answer");
	*close_after = connection || each_closes;
	*end = '\r';
	return (size_t)(end + 4 - c->in) + PAGE;
}

/* True when a whole and right answer has come. */
static bool answered(struct conn *c, bool *close_after)
{
	if (!receive(c))
		wrong(c, "closed");
	size_t len = answer_len(c, close_after);
	if (len == 0 || c->len < len)
		return false;
	if (c->len > len || memcmp(c->in + len - PAGE, gauge_pattern(c->position), PAGE) != 0)
		wrong(c, "bytes differ");
	c->len = 0;
	return true;
}

/* False: the handshake still needs the other side. */
static bool shake_hands(struct conn *c)
{
	int result = c->ssl ? SSL_do_handshake(c->ssl) : 1;
	if (result != 1 && SSL_get_error(c->ssl, result) != SSL_ERROR_WANT_READ)
		wrong(c, "handshake");
	return result == 1;
}

static void begin(struct conn *c)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
	int err = 0;
	socklen_t len = sizeof err;
	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	errno = err;
	if (err)
		gauge_die("connect");
	epoll_ctl(poll_fd, EPOLL_CTL_MOD, c->fd, &ev);
	if (!shake_hands(c))
		return;
	c->asked = true;
	ask(c);
}

static void step(struct conn *c, uint64_t warm)
{
	bool close_after = false;
	if (!c->asked) {
		begin(c);
		return;
	}
	if (!answered(c, &close_after))
		return;
	uint64_t now = gauge_now_ns();
	if (now > warm)
		gauge_sample(now - c->began_ns);
	c->began_ns = now;
	if (close_after) {
		redials++;
		hang_up(c);
		dial(c);
	} else {
		ask(c);
	}
}

static void run_get(size_t count, double seconds)
{
	struct conn *conns = calloc(count, sizeof *conns);
	struct epoll_event evs[EVENTS];
	for (size_t i = 0; i < count; i++)
		dial(&conns[i]);
	uint64_t now = gauge_now_ns(), warm = now + WARM_MS * 1000000ull,
		 end = warm + (uint64_t)(seconds * 1e9);
	for (; now < end; now = gauge_now_ns()) {
		int n = epoll_wait(poll_fd, evs, EVENTS, 1000);
		for (int i = 0; i < n; i++)
			step(evs[i].data.ptr, warm);
	}
	printf("{\"rate\": %.1f, \"redials\": %zu, \"warm_s\": %.1f, ",
	       (double)gauge_count() / seconds, redials, WARM_MS / 1000.0);
	gauge_print();
	printf("}\n");
}

/* Until each has its answer. */
static void hear_all(struct conn *conns, size_t count, size_t begun)
{
	struct epoll_event evs[EVENTS];
	for (size_t heard = 0; heard < count;) {
		int n = epoll_wait(poll_fd, evs, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			struct conn *c = evs[i].data.ptr;
			bool close_after = false;
			if (!c->asked) {
				begin(c);
			} else if (answered(c, &close_after)) {
				if (close_after)
					wrong(c, "closes");
				heard++;
				if (begun < count)
					dial(&conns[begun++]);
			}
		}
	}
}

static void run_hold(size_t count)
{
	struct conn *conns = calloc(count, sizeof *conns);
	char line[16];
	size_t first = count < AT_ONCE ? count : AT_ONCE;
	for (size_t i = 0; i < first; i++)
		dial(&conns[i]);
	hear_all(conns, count, first);
	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin))
		exit(1);
	for (size_t i = 0; i < count; i++)
		ask(&conns[i]);
	hear_all(conns, count, count);
}

static void use_tls(void)
{
	tls = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	gauge_init("web");
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	port = argc > 2 ? (uint16_t)atoi(argv[2]) : 0;
	host = argc > 3 ? argv[3] : NULL;
	each_closes = strcmp(verb, "handshakes") == 0;
	if (strcmp(verb, "get") != 0 && strcmp(verb, "origin") != 0)
		use_tls();
	if (argc == 3 && strcmp(verb, "origin") == 0) {
		run_origin();
	} else if (argc == 6) {
		run_get((size_t)atoi(argv[4]), atof(argv[5]));
	} else if (argc == 5 && strcmp(verb, "hold") == 0) {
		run_hold((size_t)atoi(argv[4]));
	} else {
		fputs("web origin PORT | get|tls|handshakes PORT HOST CONNECTIONS SECONDS | hold "
		      "PORT HOST COUNT\n",
		      stderr);
		return 2;
	}
	return 0;
}
