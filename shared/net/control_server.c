/*
 * The serving end: a listening pipe and its connections, each a leaf of its own. A connection reads
 * until the first LF and asks the owner once; the reply points to it until either goes. The answer
 * is written and the connection closed when it has left. An asker that goes away, talks too much,
 * says nothing or does not listen for IDLE_MS is closed.
 *
 * The path is taken by bind(); one that exists is tried first, and removed when nobody answers
 * there. Nobody can connect before listen(), so chmod() between the two is early enough, and unlike
 * umask() it disturbs no other thread.
 */
#include "shared/net/control_server.h"

#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/list.h"
#include "shared/base/json.h"
#include "shared/base/mem.h"
#include "shared/net/socket.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
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
	uv_pipe_t pipe;
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
	uv_pipe_t pipe;
	uv_timer_t idle;             /* until the question is there */
	unsigned handles;            /* that the loop still owes a close */
	struct control *control;     /* NULL once closing */
	struct control_reply *reply; /* the open question, or NULL */
	struct buf in;
	char *answer; /* being written */
	uv_write_t write;
};

static void on_conn_closed(uv_handle_t *handle)
{
	struct conn *c = handle->data;

	if (--c->handles > 0)
		return;
	buf_fini(&c->in);
	mem_free(c->answer);
	mem_free(c);
}

static void close_conn(struct conn *c)
{
	if (!c->control)
		return;
	c->control = NULL;
	if (c->reply)
		c->reply->conn = NULL;
	c->reply = NULL;
	list_remove(&c->node);
	uv_close((uv_handle_t *)&c->pipe, on_conn_closed);
	uv_close((uv_handle_t *)&c->idle, on_conn_closed);
}

static void on_idle(uv_timer_t *timer)
{
	close_conn(timer->data);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct conn *c = handle->data;

	(void)suggested;
	*out = uv_buf_init((char *)buf_reserve(&c->in, CHUNK), CHUNK);
}

/* Once the question is whole, reading only watches for the asker's going. */
static void ask(struct conn *c, size_t len)
{
	struct control *control = c->control;

	uv_timer_stop(&c->idle);
	c->reply = mem_alloc(sizeof(*c->reply));
	c->reply->conn = c;
	buf_data(&c->in)[len] = '\0';
	control->fn(control->owner, c->reply, (const char *)buf_data(&c->in), len);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *room)
{
	struct conn *c = stream->data;
	const uint8_t *line_end;

	(void)room;
	/* what comes after the question is ignored, and its end may be a mere half-close */
	if (c->reply || c->answer) {
		if (n < 0 && n != UV_EOF)
			close_conn(c);
		return;
	}
	if (n < 0) {
		close_conn(c);
		return;
	}
	buf_commit(&c->in, (size_t)n);
	line_end = buf_len(&c->in) > 0 ? memchr(buf_data(&c->in), '\n', buf_len(&c->in)) : NULL;
	if (line_end)
		ask(c, (size_t)(line_end - buf_data(&c->in)));
	else if (buf_len(&c->in) > REQUEST_MAX)
		close_conn(c);
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct control *control = stream->data;
	struct conn *c;

	if (status < 0)
		return;
	c = mem_zalloc(sizeof(*c));
	c->control = control;
	c->handles = 2;
	list_append(&control->conns, &c->node);
	uv_pipe_init(stream->loop, &c->pipe, 0);
	uv_timer_init(stream->loop, &c->idle);
	c->pipe.data = c->idle.data = c;
	if (uv_accept(stream, (uv_stream_t *)&c->pipe) != 0 ||
	    uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) != 0)
		close_conn(c);
	else
		uv_timer_start(&c->idle, on_idle, IDLE_MS, 0);
}

static void on_written(uv_write_t *write, int status)
{
	(void)status;
	close_conn(write->data);
}

void control_answer(struct control_reply *reply, const struct buf *json)
{
	struct conn *c = reply->conn;
	size_t len = buf_len(json);
	uv_buf_t out;

	mem_free(reply);
	if (!c)
		return;
	c->reply = NULL;
	c->answer = mem_alloc(len + 1);
	if (len > 0)
		memcpy(c->answer, buf_data(json), len);
	c->answer[len] = '\n';
	c->write.data = c;
	out = uv_buf_init(c->answer, (unsigned)len + 1);
	if (uv_write(&c->write, (uv_stream_t *)&c->pipe, &out, 1, on_written) != 0)
		close_conn(c);
	else
		uv_timer_start(&c->idle, on_idle, IDLE_MS, 0); /* an asker that does not read */
}

static int address_of(const char *path, struct sockaddr_un *at)
{
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(at->sun_path))
		return UV_ENAMETOOLONG;
	*at = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(at->sun_path, path, len);
	return 0;
}

/* What is there to be removed must be a socket: connect() refuses any other file just as it does a
 * dead one. */
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
	int err = address_of(path, &at), fd;

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

static void on_closed(uv_handle_t *handle)
{
	struct control *control = handle->data;

	mem_free(control->path);
	mem_free(control);
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
	control->fn = fn;
	control->owner = owner;
	control->path = mem_strdup(path);
	list_init(&control->conns);
	uv_pipe_init(loop_uv(l), &control->pipe, 0);
	control->pipe.data = control;
	*err = uv_pipe_open(&control->pipe, fd);
	if (*err != 0)
		close(fd);
	else
		*err = uv_listen((uv_stream_t *)&control->pipe, BACKLOG, on_connection);
	if (*err != 0) {
		control_close(control);
		return NULL;
	}
	return control;
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

void control_close(struct control *control)
{
	if (!control)
		return;
	while (!list_is_empty(&control->conns))
		close_conn(LIST_ENTRY(control->conns.next, struct conn, node));
	unlink(control->path);
	uv_close((uv_handle_t *)&control->pipe, on_closed);
}

/* The asking side. */

static int wait_for(int fd, short events, uint64_t deadline_ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	uint64_t now = loop_clock_ms();
	int n;

	if (now >= deadline_ms)
		return UV_ETIMEDOUT;
	n = poll(&p, 1, (int)(deadline_ms - now));
	if (n < 0 && errno != EINTR)
		return -errno;
	return n == 0 ? UV_ETIMEDOUT : 0;
}

static int send_line(int fd, const char *line, size_t len, uint64_t deadline_ms)
{
	while (len > 0) {
		ssize_t n = send(fd, line, len, SOCKET_SEND);
		int err;

		if (n > 0) {
			line += n;
			len -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		err = wait_for(fd, POLLOUT, deadline_ms);
		if (err != 0)
			return err;
	}
	return 0;
}

/* Up to the LF, which is cut off. */
static int receive_line(int fd, struct buf *in, uint64_t deadline_ms)
{
	for (;;) {
		uint8_t *p = buf_reserve(in, CHUNK);
		ssize_t n = recv(fd, p, CHUNK, 0);
		int err;

		if (n > 0) {
			uint8_t *line_end = memchr(p, '\n', (size_t)n);

			buf_commit(in, line_end ? (size_t)(line_end - p) : (size_t)n);
			if (line_end)
				return 0;
			if (buf_len(in) > ANSWER_MAX)
				return ERR_TOO_BIG;
			continue;
		}
		if (n == 0)
			return ERR_CLOSED;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		err = wait_for(fd, POLLIN, deadline_ms);
		if (err != 0)
			return err;
	}
}

static int ask_over(int fd, const struct sockaddr_un *at, const char *request, uint64_t deadline_ms,
		    struct buf *in)
{
	char *line;
	int err;

	/* A full queue of a UNIX socket gives EAGAIN, and poll does not tell when there is room. */
	while (connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0) {
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (loop_clock_ms() >= deadline_ms)
			return UV_ETIMEDOUT;
		poll(NULL, 0, 10);
	}
	line = mem_printf("%s\n", request);
	err = send_line(fd, line, strlen(line), deadline_ms);
	mem_free(line);
	return err != 0 ? err : receive_line(fd, in, deadline_ms);
}

int control_ask(const char *path, const char *request, unsigned timeout_ms, char **answer,
		size_t *len)
{
	uint64_t deadline_ms = loop_clock_ms() + timeout_ms;
	struct buf in = BUF_INIT;
	struct sockaddr_un at;
	int err = address_of(path, &at), fd;

	*answer = NULL;
	*len = 0;
	if (err != 0)
		return err;
	fd = socket_open(AF_UNIX, SOCK_STREAM);
	if (fd < 0)
		return fd;
	err = ask_over(fd, &at, request, deadline_ms, &in);
	close(fd);
	if (err == 0) {
		*len = buf_len(&in);
		*answer = mem_dup(buf_str(&in), *len + 1);
	}
	buf_fini(&in);
	return err;
}
