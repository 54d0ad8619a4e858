/*
 * A life: dial (or take) → [handshake] → up → fault or closed. One uv_poll; its mask is what need() derives from the facts, and is
 * changed at once only to add to it. What has become unwanted is taken out when it fires (on_poll → disarm).
 *
 * Events without poll (a dial that failed at once, bytes inside OpenSSL, data that is there while READABLE is
 * disarmed) come from a task, in the same or the next turn.
 *
 *	told    IO_DATA was told and nothing read since. If READABLE fires again, the owner reads later: held.
 *	held    READABLE is disarmed until an io_read() comes up empty or the owner asks by io_watch().
 *	more    the last read stopped because its buffer was full: what is left may raise no event.
 *
 * Faults: poll only says that there is one (status < 0, and has stopped itself then). SO_ERROR says which, but once only, to
 * whoever asks first, be it getsockopt, send or recv; the first answer is kept, and when recv later claims a mere end, that
 * is the end. Whatever came before the fault stays readable. An io that wants nothing waits for UV_PRIORITIZED: unlike
 * UV_DISCONNECT that does not fire for a FIN, and errors and hang-ups are reported with any interest.
 */
#include "shared/net/io.h"

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/socket.h"
#include "shared/net/tlspipe.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

static_assert((int)TLSPIPE_STAGING == (int)LOOP_STAGING, "a tlspipe gathers in the loop's memory");

enum stage { STAGE_DIAL, STAGE_HANDSHAKE, STAGE_UP, STAGE_FAILED };

/* What moves from loop to loop. */
struct body {
	int fd;                  /* -1 when there never was one */
	struct tlspipe *tls;     /* NULL: plain */
	struct buf unread;       /* given back by the owner, to be read before what the socket has */
	struct addr peer, local;
	enum stage stage;
	int fault;               /* what ended it; plain reading may still give what came before */
	bool eof;                /* the peer's end has been read */
	bool fin_due;            /* io_shutdown() waits for what is in hand */
	bool hup;                /* both directions are over: nothing more to notice */
};

struct io {
	struct body b;
	uv_poll_t poll;
	struct loop *loop;
	struct task task;        /* tells what poll cannot */
	io_fn *fn;
	void *owner;
	int armed;               /* poll's mask; 0: stopped */
	uint8_t watch;           /* IO_WATCH_… */
	bool polls;              /* poll is initialised */
	bool told, held, more;   /* see above */
	bool want_room;          /* a write came up short, and poll will tell */
	bool batch_full;         /* a write came up short, yet all of it has left: there is room already */
	bool up_due;             /* a handshake is new: IO_UP is still to come */
	bool error_told;
	bool closing;
};

struct io_parcel {
	struct body b;
};

static void on_poll(uv_poll_t *poll, int status, int events);
static void on_task(void *arg);

/* The mask that poll ought to have. */
static int need(const struct io *io)
{
	const struct body *b = &io->b;
	int mask = 0;

	if (b->stage == STAGE_DIAL)
		return UV_WRITABLE;
	if (b->stage == STAGE_FAILED || b->fault != 0)
		return 0;
	if (b->stage == STAGE_HANDSHAKE || ((io->watch & IO_WATCH_READ) && !b->eof && !io->held))
		mask |= UV_READABLE;
	if ((io->want_room && (io->watch & IO_WATCH_WRITE)) || (b->tls && tlspipe_in_hand(b->tls) > 0))
		mask |= UV_WRITABLE;
	if (mask == 0 && !b->hup)
		mask = UV_PRIORITIZED;
	return mask;
}

static void set_poll(struct io *io, int mask)
{
	if (!io->polls || io->armed == mask)
		return;
	io->armed = mask;
	if (mask != 0)
		uv_poll_start(&io->poll, mask, on_poll);
	else
		uv_poll_stop(&io->poll);
}

/* Adds what is needed; if that changes the mask anyway, what is not needed goes with the same call. */
static void arm(struct io *io)
{
	int mask = need(io);

	if (mask == UV_PRIORITIZED ? io->armed == 0 : (mask & ~io->armed) != 0)
		set_poll(io, mask);
}

static void look_later(struct io *io)
{
	task_mark(io->loop, &io->task);
}

/* Always the last act of its caller, or followed by a look at closing. */
static void tell(struct io *io, enum io_event event)
{
	if (!io->closing)
		io->fn(io->owner, event);
}

static void set_addresses(struct body *b)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(b->fd, (struct sockaddr *)&ss, &len) == 0)
		addr_from_sockaddr(&b->local, (struct sockaddr *)&ss);
	len = sizeof(ss);
	if (getpeername(b->fd, (struct sockaddr *)&ss, &len) == 0)
		addr_from_sockaddr(&b->peer, (struct sockaddr *)&ss);
}

static void fail(struct io *io, int err)
{
	if (io->b.fault == 0)
		io->b.fault = err;
	if (io->b.tls)
		tlspipe_set_fault(io->b.tls, err);
}

/* Asks the descriptor what is wrong with it; true when something is. */
static bool note_fault(struct io *io)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (io->b.fault != 0)
		return true;
	if (io->b.tls && tlspipe_fault(io->b.tls) != 0)
		err = -tlspipe_fault(io->b.tls);
	else if (getsockopt(io->b.fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
		err = errno;
	if (err == 0)
		return false;
	fail(io, -err);
	return true;
}

/* The connection will never be up. */
static void give_up(struct io *io, int err)
{
	io->b.stage = STAGE_FAILED;
	fail(io, err);
	set_poll(io, 0);
}

static void finish_if_due(struct io *io)
{
	if (!io->b.fin_due || (io->b.tls && tlspipe_in_hand(io->b.tls) > 0))
		return;
	io->b.fin_due = false;
	shutdown(io->b.fd, SHUT_WR);
}

static void use_staging(struct io *io)
{
	if (io->b.tls)
		tlspipe_set_staging(io->b.tls, loop_cipher(io->loop));
}

static void step_handshake(struct io *io)
{
	int err = tlspipe_handshake(io->b.tls);

	if (err == UV_EAGAIN)
		return;
	if (err != 0) {
		give_up(io, err);
		return;
	}
	io->b.stage = STAGE_UP;
	io->up_due = true;
	io->more = tlspipe_has_pending(io->b.tls);
	if (io->more)
		look_later(io);
}

static void step_dial(struct io *io)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(io->b.fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
		err = errno;
	if (err != 0) {
		give_up(io, -err);
		return;
	}
	set_addresses(&io->b);
	if (addr_equal(&io->b.local, &io->b.peer)) { /* nobody listens there, and our own port was picked to be that one */
		give_up(io, UV_ECONNREFUSED);
	} else if (io->b.tls) {
		io->b.stage = STAGE_HANDSHAKE;
		step_handshake(io);
	} else {
		io->b.stage = STAGE_UP;
		io->up_due = true;
	}
}

/* True when the owner is to hear of room. */
static bool step_write(struct io *io)
{
	int err = io->b.tls ? tlspipe_flush(io->b.tls) : 0;

	if (err == UV_EAGAIN)
		return false;
	if (err != 0)
		fail(io, err);
	finish_if_due(io);
	if (!io->want_room || !(io->watch & IO_WATCH_WRITE))
		return false;
	io->want_room = false;
	return true;
}

/* True when the owner is to hear of data. */
static bool step_read(struct io *io)
{
	if (!(io->watch & IO_WATCH_READ) || io->b.eof)
		return false;
	if (io->told) {
		io->held = true;
		return false;
	}
	io->told = true;
	return true;
}

/* The end of every look: UP, DATA, ROOM, ERROR, until the owner closes it. */
static void tell_all(struct io *io, bool data, bool room)
{
	bool up = io->up_due;
	bool error = io->b.fault != 0 && !io->error_told;

	io->up_due = false;
	io->error_told |= error;
	if (up)
		tell(io, IO_UP);
	if (data)
		tell(io, IO_DATA);
	if (room)
		tell(io, IO_ROOM);
	if (error)
		tell(io, IO_ERROR);
	if (!io->closing)
		arm(io);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct io *io = poll->data;
	bool data = false, room = false;

	if (status < 0)
		io->armed = 0; /* libuv has stopped it */
	if (io->b.stage == STAGE_DIAL) {
		step_dial(io);
	} else if (io->b.stage == STAGE_HANDSHAKE) {
		step_handshake(io); /* a fault shows itself to recv */
	} else {
		if (status < 0 && !note_fault(io))
			fail(io, UV_ECONNRESET);
		if ((events & UV_PRIORITIZED) && !note_fault(io))
			io->b.hup = true;
		if ((events & UV_WRITABLE) || io->b.fault != 0)
			room = step_write(io);
		if ((events & UV_READABLE) || io->b.fault != 0)
			data = step_read(io);
	}
	/* Whatever fired without being needed would fire again. */
	if ((events & ~need(io)) != 0 || io->b.fault != 0)
		set_poll(io, need(io));
	tell_all(io, data, room);
}

static void on_task(void *arg)
{
	struct io *io = arg;
	bool data = false, room = false;

	if (io->b.stage == STAGE_HANDSHAKE)
		step_handshake(io);
	if (io->b.stage == STAGE_UP && (io->more || io->b.fault != 0) && (io->watch & IO_WATCH_READ) && !io->told && !io->b.eof)
		data = io->told = true;
	if ((io->watch & IO_WATCH_WRITE) && (io->batch_full || (io->want_room && io->b.fault != 0))) {
		io->batch_full = io->want_room = false;
		room = true;
	}
	tell_all(io, data, room);
}

static struct io *io_new(struct loop *l, io_fn *fn, void *owner)
{
	struct io *io = mem_zalloc(sizeof(*io));

	io->loop = l;
	io->fn = fn;
	io->owner = owner;
	io->b.fd = -1;
	task_init(&io->task, on_task, io);
	return io;
}

static void start_poll(struct io *io)
{
	int err = uv_poll_init(loop_uv(io->loop), &io->poll, io->b.fd);

	io->poll.data = io;
	io->polls = err == 0;
	if (err != 0)
		give_up(io, err);
}

static int start_dial(struct io *io, const struct addr *to, const struct addr *from, unsigned maxseg)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(to, &ss);
	int fd = socket_open(to->family == 4 ? AF_INET : AF_INET6, SOCK_STREAM);

	if (fd < 0)
		return fd;
	io->b.fd = fd;
	io_set_nodelay(io);
	socket_set_keepalive(io->b.fd);
	if (maxseg > 0)
		socket_set_maxseg(io->b.fd, maxseg);
	if (from) {
		struct sockaddr_storage at;
		socklen_t at_len = addr_to_sockaddr(from, &at);

		if (bind(io->b.fd, (struct sockaddr *)&at, at_len) != 0)
			return -errno;
	}
	if (connect(io->b.fd, (struct sockaddr *)&ss, len) != 0 && errno != EINPROGRESS && errno != EINTR)
		return -errno;
	return 0;
}

struct io *io_dial(struct loop *l, const struct addr *to, const struct addr *from, io_fn *fn, void *owner)
{
	return io_dial_small(l, to, from, 0, fn, owner);
}

struct io *io_dial_small(struct loop *l, const struct addr *to, const struct addr *from, unsigned maxseg, io_fn *fn, void *owner)
{
	struct io *io = io_new(l, fn, owner);
	int err;

	io->b.peer = *to;
	err = start_dial(io, to, from, maxseg);
	if (err == 0) {
		start_poll(io); /* a connect that succeeded at once is WRITABLE in this turn */
		arm(io);
	} else {
		give_up(io, err);
	}
	look_later(io);
	return io;
}

struct io *io_take(struct loop *l, int fd, io_fn *fn, void *owner)
{
	struct io *io = io_new(l, fn, owner);

	io->b.fd = fd;
	io->b.stage = STAGE_UP;
	io_set_nodelay(io);
	socket_set_keepalive(io->b.fd);
	set_addresses(&io->b);
	start_poll(io);
	look_later(io); /* arms poll when the owner has said what it watches */
	return io;
}

static void begin_tls(struct io *io, struct tls_context *tls, const char *host, const void *early, size_t early_len)
{
	assert(!io->b.tls);
	io->b.tls = tlspipe_new(io->b.fd, tls, host, early, early_len);
	use_staging(io);
	if (io->b.fault != 0 && io->b.stage != STAGE_FAILED)
		give_up(io, io->b.fault);
	if (io->b.stage == STAGE_UP)
		io->b.stage = STAGE_HANDSHAKE;
	io->told = io->held = io->more = io->want_room = io->batch_full = false;
	look_later(io);
}

void io_tls_dial(struct io *io, struct tls_context *tls, const char *host)
{
	begin_tls(io, tls, host, NULL, 0);
}

void io_tls_accept(struct io *io, struct tls_context *tls, const void *early, size_t early_len)
{
	begin_tls(io, tls, NULL, early, early_len);
}

void io_own(struct io *io, io_fn *fn, void *owner)
{
	io->fn = fn;
	io->owner = owner;
	io->told = io->held = io->error_told = false;
	look_later(io);
}

void io_watch(struct io *io, unsigned mask)
{
	io->watch = (uint8_t)mask;
	if (mask & IO_WATCH_READ) {
		io->told = io->held = false;
		if (io->more || io->b.fault != 0)
			look_later(io);
	}
	if ((mask & IO_WATCH_WRITE) && io->batch_full)
		look_later(io);
	arm(io);
}

static ssize_t read_plain(struct io *io, void *p, size_t len)
{
	ssize_t n;

	do {
		n = recv(io->b.fd, p, len, 0);
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		return n;
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return UV_EAGAIN;
	if (n < 0)
		fail(io, -errno);
	/* EPIPE is a reset after the end had come, and that end is still true. */
	if (io->b.fault != 0 && (n < 0 || io->b.fault != UV_EPIPE))
		return io->b.fault;
	return 0;
}

static ssize_t read_again(struct buf *unread, void *p, size_t len)
{
	size_t n = buf_len(unread) < len ? buf_len(unread) : len;

	memcpy(p, buf_data(unread), n);
	buf_take(unread, n);
	if (!buf_len(unread))
		buf_fini(unread);
	return (ssize_t)n;
}

void io_unread(struct io *io, const void *p, size_t len)
{
	struct buf all = BUF_INIT;

	assert(!io->b.tls);
	buf_put(&all, p, len);
	buf_put(&all, buf_data(&io->b.unread), buf_len(&io->b.unread));
	buf_fini(&io->b.unread);
	io->b.unread = all;
	io->b.eof = false;
	io->more = len > 0 || io->more;
	if (io->watch & IO_WATCH_READ)
		look_later(io);
}

ssize_t io_read(struct io *io, void *p, size_t len)
{
	bool inside = false;
	ssize_t n;

	assert(len > 0);
	if (io->b.eof)
		return 0;
	if (io->b.stage != STAGE_UP)
		return io->b.fault != 0 ? io->b.fault : UV_EAGAIN;
	io->told = false;
	if (buf_len(&io->b.unread)) {
		n = read_again(&io->b.unread, p, len);
		inside = true; /* as far as poll knows */
	} else if (io->b.tls) {
		n = tlspipe_read(io->b.tls, p, len);
		inside = tlspipe_has_pending(io->b.tls);
	} else {
		n = read_plain(io, p, len);
	}
	io->b.eof = n == 0;
	if (n < 0 && n != UV_EAGAIN)
		fail(io, (int)n);
	io->more = n > 0 && ((size_t)n == len || inside);
	if (!io->more)
		io->held = false;
	/* While READABLE is armed and the bytes are the kernel's, poll tells of what is left. */
	if (io->b.fault != 0 ? n > 0 || !io->error_told : io->more && (io->held || inside))
		look_later(io);
	arm(io);
	return n;
}

static ssize_t write_plain(struct io *io, const struct iovec *iov, int count)
{
	struct msghdr msg = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count};
	ssize_t n;

	do {
		n = sendmsg(io->b.fd, &msg, SOCKET_SEND);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return 0;
	fail(io, -errno);
	return -errno;
}

ssize_t io_writev(struct io *io, const struct iovec *iov, int count)
{
	size_t total = 0;
	ssize_t n;

	if (io->b.stage != STAGE_UP)
		return io->b.fault;
	for (int i = 0; i < count; i++)
		total += iov[i].iov_len;
	if (total == 0)
		return 0;
	n = io->b.tls ? tlspipe_writev(io->b.tls, iov, count) : write_plain(io, iov, count);
	if (n < 0) {
		fail(io, (int)n);
		look_later(io); /* IO_ERROR, for those who do not look at results */
		return io->b.fault;
	}
	io->batch_full = io->b.tls && (size_t)n < total && tlspipe_in_hand(io->b.tls) == 0;
	io->want_room = !io->batch_full && ((size_t)n < total || (io->b.tls && tlspipe_in_hand(io->b.tls) > 0));
	if (io->batch_full && (io->watch & IO_WATCH_WRITE))
		look_later(io);
	arm(io);
	return n;
}

ssize_t io_write(struct io *io, const void *p, size_t len)
{
	struct iovec iov = {(void *)p, len};

	return io_writev(io, &iov, 1);
}

int io_flush(struct io *io)
{
	int err;

	if (!io->b.tls || io->b.stage != STAGE_UP)
		return 0;
	err = tlspipe_flush(io->b.tls);
	if (err == UV_EAGAIN)
		io->want_room = true;
	else if (err != 0)
		fail(io, err);
	finish_if_due(io);
	arm(io);
	return err;
}

void io_set_batch(struct io *io, size_t bytes)
{
	if (io->b.tls)
		tlspipe_set_batch(io->b.tls, bytes);
}

void io_set_busy(struct io *io, bool busy)
{
	if (io->b.tls)
		tlspipe_keep_buffers(io->b.tls, busy);
}

int io_shutdown(struct io *io)
{
	int err;

	if (io->b.stage != STAGE_UP)
		return io->b.fault != 0 ? io->b.fault : UV_ENOTCONN;
	io->b.fin_due = true;
	if (io->b.tls) {
		err = tlspipe_finish(io->b.tls);
		if (err != 0 && err != UV_EAGAIN)
			return err;
	}
	finish_if_due(io);
	arm(io);
	return 0;
}

int io_error(const struct io *io)
{
	return io->b.fault;
}

const char *io_error_detail(const struct io *io)
{
	return io->b.tls ? tlspipe_detail(io->b.tls) : "";
}

const struct addr *io_peer(const struct io *io)
{
	return &io->b.peer;
}

const struct addr *io_local(const struct io *io)
{
	return &io->b.local;
}

bool io_is_tls(const struct io *io)
{
	return io->b.tls != NULL;
}

const char *io_alpn(const struct io *io)
{
	return io->b.tls ? tlspipe_alpn(io->b.tls) : "";
}

int io_fd(const struct io *io)
{
	return io->b.fd;
}

struct loop *io_loop(const struct io *io)
{
	return io->loop;
}

bool io_has_unread(const struct io *io)
{
	return socket_unread(io->b.fd) > 0;
}

size_t io_unsent(const struct io *io)
{
	return socket_unsent(io->b.fd) + (io->b.tls ? tlspipe_in_hand(io->b.tls) : 0);
}

void io_set_nodelay(struct io *io)
{
	socket_set_nodelay(io->b.fd);
}

void io_set_notsent_lowat(struct io *io, unsigned bytes)
{
	socket_set_notsent_lowat(io->b.fd, bytes);
}

bool io_is_ahead(struct io *io, size_t most)
{
	if (socket_notsent(io->b.fd) <= most)
		return false;
	io->batch_full = false;
	io->want_room = true;
	arm(io);
	return true;
}

static void free_body(struct body *b)
{
	tlspipe_free(b->tls);
	buf_fini(&b->unread);
	if (b->fd >= 0)
		close(b->fd);
}

static void on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static void free_task(void *arg)
{
	mem_free(arg);
}

/* The io itself goes when the loop has let go of it, or, without a handle, when its caller is surely out of it. */
static void let_go(struct io *io)
{
	io->closing = true;
	task_cancel(&io->task);
	if (io->polls) {
		uv_close((uv_handle_t *)&io->poll, on_closed);
	} else {
		task_init(&io->task, free_task, io);
		task_mark(io->loop, &io->task);
	}
}

void io_close(struct io *io)
{
	if (!io)
		return;
	let_go(io); /* before close(fd): the number may be another's at once */
	free_body(&io->b);
}

void io_reset(struct io *io)
{
	struct linger at_once = {.l_onoff = 1};

	if (!io)
		return;
	if (io->b.fd >= 0)
		setsockopt(io->b.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	io_close(io);
}

struct io_parcel *io_pack(struct io *io)
{
	struct io_parcel *p = mem_alloc(sizeof(*p));

	p->b = io->b;
	let_go(io);
	return p;
}

struct io *io_unpack(struct loop *l, struct io_parcel *p, io_fn *fn, void *owner)
{
	struct io *io = io_new(l, fn, owner);

	io->b = p->b;
	mem_free(p);
	use_staging(io);
	if (io->b.fd >= 0 && io->b.stage != STAGE_FAILED)
		start_poll(io);
	io->more = buf_len(&io->b.unread) || (io->b.tls && io->b.stage == STAGE_UP && tlspipe_has_pending(io->b.tls));
	arm(io);
	look_later(io);
	return io;
}

int io_parcel_open(struct io_parcel *p)
{
	int fd = p->b.fd;

	assert(!p->b.tls);
	p->b.fd = -1;
	io_parcel_free(p);
	return fd;
}

void io_parcel_free(struct io_parcel *p)
{
	if (!p)
		return;
	free_body(&p->b);
	mem_free(p);
}
