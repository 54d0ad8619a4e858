/*
 * The serving end: a listener and its connections. A connection reads until the first LF and asks
 * the owner once; the reply points to it until either goes. The answer is written and the
 * connection closed when it has left. A client that goes away, talks too much, says nothing or does
 * not read for IDLE_MS is closed.
 *
 * The path is taken by bind(); one that exists is tried first, and removed when nobody answers
 * there. Nobody can connect before listen(), so chmod() between the two is early enough, and unlike
 * umask() it disturbs no other thread.
 *
 * The asking end is one blocking exchange, bounded by a deadline.
 */
#include "shared/net/control_server.h"

#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/list.h"
#include "shared/base/json.h"
#include "shared/base/mem.h"
#include "shared/net/io.h"
#include "shared/net/listener.h"
#include "shared/net/socket.h"
#include "shared/net/timer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <uv.h>

enum {
	REQUEST_MAX = 64 * 1024,
	ANSWER_MAX = 64 * 1024 * 1024,
	IDLE_MS = 10000,
	BACKLOG = 64,
	CHUNK = 4096
};

struct control {
	struct loop *loop;
	struct listener *listener;
	struct list conns;
	control_fn *fn;
	void *owner;
	char *path;
};

struct control_reply {
	struct conn *conn; /* NULL: gone */
};

struct conn {
	struct list node; /* control's conns */
	struct control *control;
	struct io *io;
	struct timer *idle;          /* until the question is there, and while the answer leaves */
	struct control_reply *reply; /* the open question, or NULL */
	struct buf in, out;
};

static void close_conn(void *arg)
{
	struct conn *c = arg;

	if (c->reply)
		c->reply->conn = NULL;
	list_remove(&c->node);
	io_close(c->io);
	timer_close(c->idle);
	buf_fini(&c->in);
	buf_fini(&c->out);
	mem_free(c);
}

/* Bytes after the question are ignored. The end of input may be only a half-close, so the question
 * is still answered. */
static void ask(struct conn *c, size_t len)
{
	timer_stop(c->idle);
	io_watch(c->io, 0);
	c->reply = mem_alloc(sizeof(*c->reply));
	c->reply->conn = c;
	buf_data(&c->in)[len] = '\0';
	c->control->fn(c->control->owner, c->reply, (const char *)buf_data(&c->in), len);
}

static void read_question(struct conn *c)
{
	ssize_t n = io_read(c->io, buf_reserve(&c->in, CHUNK), CHUNK);

	if (n == UV_EAGAIN)
		return;
	if (n <= 0) {
		close_conn(c);
		return;
	}
	buf_commit(&c->in, (size_t)n);
	const uint8_t *line_end = memchr(buf_data(&c->in), '\n', buf_len(&c->in));
	if (line_end)
		ask(c, (size_t)(line_end - buf_data(&c->in)));
	else if (buf_len(&c->in) > REQUEST_MAX)
		close_conn(c);
}

static void write_answer(struct conn *c)
{
	if (io_write_buf(c->io, &c->out) == UV_EAGAIN)
		io_watch(c->io, IO_WATCH_WRITE);
	else
		close_conn(c);
}

static void on_io(void *owner, enum io_event event)
{
	struct conn *c = owner;

	if (event == IO_ERROR)
		close_conn(c);
	else if (event == IO_DATA)
		read_question(c);
	else if (event == IO_ROOM)
		write_answer(c);
}

static void on_connection(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct control *control = owner;
	struct conn *c = mem_zalloc(sizeof(*c));

	c->control = control;
	list_append(&control->conns, &c->node);
	c->io = io_take(control->loop, fd, peer, local, on_io, c);
	c->idle = timer_new(control->loop, close_conn, c);
	timer_set(c->idle, IDLE_MS);
	io_watch(c->io, IO_WATCH_READ);
}

void control_answer(struct control_reply *reply, const struct buf *json)
{
	struct conn *c = reply->conn;

	mem_free(reply);
	if (!c)
		return;
	c->reply = NULL;
	buf_put(&c->out, buf_data(json), buf_len(json));
	buf_puts(&c->out, "\n");
	timer_set(c->idle, IDLE_MS);
	write_answer(c);
}

void control_answer_plain(struct control_reply *reply, const char *error)
{
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	json_bool(&w, "ok", !error);
	if (error)
		json_str(&w, "error", error);
	json_close(&w);
	control_answer(reply, &out);
	buf_fini(&out);
}

void control_answer_said(struct control_reply *reply, const char *said)
{
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	json_bool(&w, "ok", true);
	json_str(&w, "said", said);
	json_close(&w);
	control_answer(reply, &out);
	buf_fini(&out);
}

void control_answer_link(struct control_reply *reply, char *url, const char *file)
{
	if (url) {
		control_answer_said(reply, url);
		mem_wipe(url, strlen(url));
	} else {
		url = mem_printf("%s has no \"admin\": put \"admin\": {} into it and reload", file);
		control_answer_plain(reply, url);
	}
	mem_free(url);
}

/* Only a socket may be removed, and connect() refuses any other file just as it refuses a dead
 * socket. */
static bool is_socket(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static bool is_stale(const struct sockaddr_un *at)
{
	int fd = socket_open(AF_UNIX, SOCK_STREAM);
	bool stale;

	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 && errno == ECONNREFUSED;
	close(fd);
	return stale;
}

/* A bound descriptor that listens, or a negative error. */
static int listen_on(const char *path)
{
	struct sockaddr_un at;
	int err = socket_unix_address(path, &at), fd;

	if (err != 0)
		return err;
	fd = socket_open(AF_UNIX, SOCK_STREAM);
	if (fd < 0)
		return fd;
	err = bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 ? 0 : -errno;
	if (err == UV_EADDRINUSE && !is_socket(path))
		err = UV_EEXIST;
	else if (err == UV_EADDRINUSE && is_stale(&at) && unlink(path) == 0)
		err = bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 ? 0 : -errno;
	if (err != 0) {
		close(fd);
		return err;
	}
	if (chmod(path, 0600) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err = -errno;
	unlink(path);
	close(fd);
	return err;
}

struct control *control_open(struct loop *l, const char *path, control_fn *fn, void *owner,
			     int *err)
{
	char *dir = file_dir(path);
	struct control *control;
	int fd;

	*err = file_make_dirs(dir, 0700);
	mem_free(dir);
	fd = *err == 0 ? listen_on(path) : *err;
	*err = fd < 0 ? fd : 0;
	if (fd < 0)
		return NULL;
	control = mem_zalloc(sizeof(*control));
	*control = (struct control){.loop = l, .fn = fn, .owner = owner};
	control->path = mem_strdup(path);
	list_init(&control->conns);
	control->listener = listener_over(l, fd, on_connection, control, err);
	if (*err == 0)
		return control;
	control_close(control);
	return NULL;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	while (!list_is_empty(&control->conns))
		close_conn(LIST_ENTRY(control->conns.next, struct conn, node));
	unlink(control->path);
	listener_close(control->listener);
	mem_free(control->path);
	mem_free(control);
}

/* --- the asking end --- */

/* From here on each call of the kernel waits until the deadline at most. */
static int set_deadline(int fd, uint64_t deadline_ms)
{
	uint64_t now = loop_clock_ms(), left = deadline_ms > now ? deadline_ms - now : 0;
	struct timeval most = {(time_t)(left / 1000), (suseconds_t)(left % 1000 * 1000)};

	if (left == 0)
		return UV_ETIMEDOUT;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
	return 0;
}

static int failed(void)
{
	return errno == EAGAIN || errno == EINPROGRESS ? UV_ETIMEDOUT : -errno;
}

/* Reads up to the LF, which is cut off. */
static int receive_line(int fd, struct buf *in, uint64_t deadline_ms)
{
	for (;;) {
		uint8_t *p = buf_reserve(in, CHUNK);
		int err = set_deadline(fd, deadline_ms);
		ssize_t n = err == 0 ? recv(fd, p, CHUNK, 0) : -1;

		if (err != 0)
			return err;
		if (n == 0)
			return ERR_CLOSED;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed();
		uint8_t *line_end = memchr(p, '\n', (size_t)n);
		buf_commit(in, line_end ? (size_t)(line_end - p) : (size_t)n);
		if (line_end)
			return 0;
		if (buf_len(in) > ANSWER_MAX)
			return ERR_TOO_BIG;
	}
}

static int ask_over(int fd, const struct sockaddr_un *at, const char *request, uint64_t deadline_ms,
		    struct buf *in)
{
	int err = set_deadline(fd, deadline_ms);

	if (err == 0 && connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0)
		err = failed();
	char *line = mem_printf("%s\n", request);
	size_t len = strlen(line);
	ssize_t n = err == 0 ? send(fd, line, len, SOCKET_SEND) : 0;
	if (n < 0)
		err = failed();
	/* a blocking write that is short has run out of time */
	else if (err == 0 && (size_t)n < len)
		err = UV_ETIMEDOUT;
	mem_free(line);
	return err != 0 ? err : receive_line(fd, in, deadline_ms);
}

int control_ask(const char *path, const char *request, unsigned timeout_ms, char **answer,
		size_t *len)
{
	uint64_t deadline_ms = loop_clock_ms() + timeout_ms;
	struct buf in = BUF_INIT;
	struct sockaddr_un at;
	int err = socket_unix_address(path, &at), fd;

	*answer = NULL;
	*len = 0;
	if (err != 0)
		return err;
	fd = socket_open(AF_UNIX, SOCK_STREAM);
	if (fd < 0)
		return fd;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	err = ask_over(fd, &at, request, deadline_ms, &in);
	close(fd);
	if (err == 0) {
		*len = buf_len(&in);
		*answer = mem_dup(buf_str(&in), *len + 1);
	}
	buf_fini(&in);
	return err;
}
