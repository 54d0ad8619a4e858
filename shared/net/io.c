/*
 * An io is dialled or taken, perhaps shakes hands, is up, and ends by a fault or by its close. All
 * events come through one look(). The watch calls it when the descriptor has become able to do
 * something. This file asks for it (look_later) when there is something to tell that the descriptor
 * does not show: a dial that failed at once, bytes inside OpenSSL, bytes that an owner left unread.
 *
 * An io is readable when IO_DATA can be told now. Once told, it is not told again before the owner
 * reads or asks (told).
 *
 * The watch only says that there is a fault. SO_ERROR says which one, but only once, to the first
 * that asks, be it getsockopt, send or recv. The first answer is kept; when recv later claims a
 * mere end, that is the end. Bytes that came before the fault stay readable.
 */
#include "shared/net/io.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/socket.h"
#include "shared/net/tls_connection.h"
#include "shared/net/poller.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

static_assert((int)TLS_CONNECTION_STAGING == (int)LOOP_STAGING,
	      "a TLS connection gathers in the loop's memory");

enum stage { STAGE_DIAL, STAGE_HANDSHAKE, STAGE_UP, STAGE_FAILED };

/* What moves from loop to loop. */
struct body {
	int fd;                     /* -1 when there never was one */
	struct tls_connection *tls; /* NULL: plain */
	/* given back by the owner, to be read before what the socket has */
	struct buf unread;
	struct addr peer, local;
	enum stage stage;
	int fault;    /* what ended it; plain reading may still give what came before */
	bool eof;     /* the peer's end has been read */
	bool fin_due; /* io_shutdown() waits for what is in hand */
};

struct io {
	struct body b;
	struct poller w;
	struct loop *loop;
	io_fn *fn;
	void *owner;
	uint8_t wanted; /* IO_WATCH_… */
	bool told;      /* IO_DATA was, and nothing read since */
	bool want_room; /* a write came up short, and the watch will tell */
	/* a write came up short, yet all of it has left: there is room already */
	bool batch_full;
	bool up_due;  /* a handshake is new: IO_UP is still to come */
	bool accepts; /* TLS, and nothing of the peer that has come was read yet */
	bool error_told;
	bool closing;
	uint64_t read_turn; /* the loop's, of the last io_read() of TLS */
	struct task end;    /* frees it, once its caller is surely out of it */
};

struct io_parcel {
	struct body b;
};

static void look_later(struct io *io)
{
	poller_due(&io->w);
}

/* io_read() has something to say. */
static bool is_readable(const struct io *io)
{
	const struct body *b = &io->b;

	if (b->stage != STAGE_UP || b->eof)
		return false;
	return b->fault != 0 || (io->w.ready & POLLER_READ) || buf_len(&b->unread) ||
	       (b->tls && tls_connection_has_pending(b->tls));
}

/* Whether IO_ROOM is due, if it is watched. */
static bool has_room(const struct io *io)
{
	return io->batch_full ||
	       (io->want_room && ((io->w.ready & POLLER_WRITE) || io->b.fault != 0));
}

/* Called after anything that may have sent: what is still in hand is what the kernel did not
 * take. */
static void note_full(struct io *io)
{
	if (io->b.tls && tls_connection_in_hand(io->b.tls) > 0)
		poller_drained(&io->w, POLLER_WRITE);
}

/* This is always the last act of its caller, unless the caller checks for closing afterwards. */
static void tell(struct io *io, enum io_event event)
{
	if (!io->closing)
		io->fn(io->owner, event);
}

/* Called after the TLS connection has read: notes what it found at the descriptor. */
static void note_pipe(struct io *io)
{
	if (tls_connection_is_empty(io->b.tls))
		poller_drained(&io->w, POLLER_READ);
	else if (tls_connection_is_dry(io->b.tls))
		poller_short(&io->w);
	note_full(io);
}

static void fail(struct io *io, int err)
{
	if (io->b.fault == 0)
		io->b.fault = err;
	if (io->b.tls)
		tls_connection_set_fault(io->b.tls, err);
}

/* Asks the descriptor for its error, if there is one. */
static void note_fault(struct io *io)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (io->b.fault != 0)
		return;
	if (io->b.tls && tls_connection_fault(io->b.tls) != 0)
		err = -tls_connection_fault(io->b.tls);
	else if (getsockopt(io->b.fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
		err = errno;
	if (err != 0)
		fail(io, -err);
}

/* The connection will never be up. */
static void give_up(struct io *io, int err)
{
	io->b.stage = STAGE_FAILED;
	fail(io, err);
}

static void finish_if_due(struct io *io)
{
	if (!io->b.fin_due || (io->b.tls && tls_connection_in_hand(io->b.tls) > 0))
		return;
	io->b.fin_due = false;
	shutdown(io->b.fd, SHUT_WR);
}

static void use_staging(struct io *io)
{
	if (io->b.tls)
		tls_connection_set_staging(io->b.tls, loop_cipher(io->loop),
					   loop_received(io->loop));
}

static void step_handshake(struct io *io)
{
	int err;

	if (!loop_may_toil(io->loop, !io->accepts)) {
		if (io->accepts && io->w.ended) /* it has gone before its turn came */
			give_up(io, ERR_CLOSED);
		else
			look_later(io);
		return;
	}
	io->accepts &= !(io->w.ready & POLLER_READ);
	err = tls_connection_handshake(io->b.tls);
	note_pipe(io);
	if (err == 0) {
		io->b.stage = STAGE_UP;
		io->up_due = true;
	} else if (err != UV_EAGAIN) {
		give_up(io, err);
	} else if ((io->w.ready & POLLER_READ) || tls_connection_is_paused(io->b.tls)) {
		look_later(io);
	}
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
	io->b.local = socket_local(io->b.fd);
	if (addr_is_any(&io->b.peer))
		io->b.peer = socket_peer(io->b.fd);
	/* nobody listens there, and the kernel chose that very port for us, so the socket met
	 * itself */
	if (addr_equal(&io->b.local, &io->b.peer)) {
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
	int err = io->b.tls && tls_connection_in_hand(io->b.tls) > 0
		      ? tls_connection_flush(io->b.tls)
		      : 0;

	note_full(io);
	if (err == UV_EAGAIN)
		return false;
	if (err != 0)
		fail(io, err);
	finish_if_due(io);
	if (!io->want_room || !(io->wanted & IO_WATCH_WRITE))
		return false;
	io->want_room = false;
	return true;
}

/* Tells UP, DATA, ROOM and ERROR in this order, until the owner closes the io. */
static void tell_all(struct io *io, bool room)
{
	bool up = io->up_due;
	bool data = (io->wanted & IO_WATCH_READ) && !io->told && is_readable(io);
	bool error = io->b.fault != 0 && !io->error_told;

	io->up_due = false;
	io->told |= data;
	io->error_told |= error;
	if (up)
		tell(io, IO_UP);
	if (data)
		tell(io, IO_DATA);
	if (room)
		tell(io, IO_ROOM);
	if (error)
		tell(io, IO_ERROR);
}

static void look(struct poller *w)
{
	struct io *io = LIST_ENTRY(w, struct io, w);
	bool room = io->batch_full && (io->wanted & IO_WATCH_WRITE);

	if (io->b.stage == STAGE_DIAL && (w->ready & (POLLER_WRITE | POLLER_FAULT)))
		step_dial(io);
	else if (io->b.stage == STAGE_HANDSHAKE)
		step_handshake(io); /* a fault shows itself to recv */
	if (io->b.stage == STAGE_UP && (w->ready & POLLER_FAULT))
		note_fault(io);
	w->ready &= (uint8_t)~POLLER_FAULT;
	if (io->b.stage == STAGE_UP && ((w->ready & POLLER_WRITE) || io->b.fault != 0))
		room |= step_write(io);
	if (room)
		io->batch_full = false;
	tell_all(io, room);
}

static struct io *io_new(struct loop *l, io_fn *fn, void *owner)
{
	struct io *io = mem_zalloc(sizeof(*io));

	io->loop = l;
	io->fn = fn;
	io->owner = owner;
	io->b.fd = -1;
	poller_init(&io->w, loop_pollers(l), look);
	return io;
}

static void start_watch(struct io *io)
{
	int err = poller_open(&io->w, io->b.fd, POLLER_READ | POLLER_WRITE);

	if (err == 0)
		return;
	give_up(io, err);
	look_later(io);
}

static int start_dial(struct io *io, const struct addr *to, const struct addr *from,
		      unsigned maxseg)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(to, &ss);
	int fd = socket_open(to->family == 4 ? AF_INET : AF_INET6, SOCK_STREAM);

	if (fd < 0)
		return fd;
	io->b.fd = fd;
	socket_tune(fd);
	if (maxseg > 0)
		socket_set_maxseg(fd, maxseg);
	if (from) {
		struct sockaddr_storage at;
		socklen_t at_len = addr_to_sockaddr(from, &at);

		if (bind(io->b.fd, (struct sockaddr *)&at, at_len) != 0)
			return -errno;
	}
	if (connect(io->b.fd, (struct sockaddr *)&ss, len) != 0 && errno != EINPROGRESS &&
	    errno != EINTR)
		return -errno;
	return 0;
}

struct io *io_dial(struct loop *l, const struct addr *to, const struct addr *from, unsigned maxseg,
		   io_fn *fn, void *owner)
{
	struct io *io = io_new(l, fn, owner);
	int err;

	io->b.peer = *to;
	err = start_dial(io, to, from, maxseg);
	if (err == 0) {
		start_watch(io);
	} else {
		give_up(io, err);
		look_later(io);
	}
	return io;
}

struct io *io_take(struct loop *l, int fd, const struct addr *peer, const struct addr *local,
		   io_fn *fn, void *owner)
{
	struct io *io = io_new(l, fn, owner);

	io->b.fd = fd;
	io->b.stage = STAGE_UP;
	io->b.peer = peer ? *peer : socket_peer(fd);
	io->b.local = local ? *local : socket_local(fd);
	start_watch(io);
	return io;
}

static void begin_tls(struct io *io, struct tls_context *tls, const char *host)
{
	struct buf *unread = &io->b.unread;

	assert(!io->b.tls);
	io->b.tls = tls_connection_new(io->b.fd, tls, host, buf_data(unread), buf_len(unread));
	buf_fini(unread);
	use_staging(io);
	if (io->b.fault != 0 && io->b.stage != STAGE_FAILED)
		give_up(io, io->b.fault);
	if (io->b.stage == STAGE_UP)
		io->b.stage = STAGE_HANDSHAKE;
	io->told = io->want_room = io->batch_full = false;
	look_later(io);
}

void io_tls_dial(struct io *io, struct tls_context *tls, const char *host)
{
	begin_tls(io, tls, host);
}

void io_tls_accept(struct io *io, struct tls_context *tls)
{
	io->accepts = !buf_len(&io->b.unread);
	begin_tls(io, tls, NULL);
}

void io_own(struct io *io, io_fn *fn, void *owner)
{
	io->fn = fn;
	io->owner = owner;
	io->told = io->error_told = false;
	look_later(io);
}

void io_watch(struct io *io, unsigned mask)
{
	io->wanted = (uint8_t)mask;
	if (mask & IO_WATCH_READ)
		io->told = false;
	if (((mask & IO_WATCH_READ) && is_readable(io)) ||
	    ((mask & IO_WATCH_WRITE) && has_room(io)))
		look_later(io);
}

static ssize_t read_plain(struct io *io, void *p, size_t len)
{
	ssize_t n;

	do {
		n = recv(io->b.fd, p, len, 0);
	} while (n < 0 && errno == EINTR);
	if (n > 0) {
		if ((size_t)n < len)
			poller_short(&io->w);
		return n;
	}
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		poller_drained(&io->w, POLLER_READ);
		return UV_EAGAIN;
	}
	if (n < 0)
		fail(io, -errno);
	/* EPIPE is a reset after the end had come, and that end is still true. */
	if (io->b.fault != 0 && (n < 0 || io->b.fault != UV_EPIPE))
		return io->b.fault;
	return 0;
}

static ssize_t read_tls(struct io *io, void *p, size_t len)
{
	ssize_t n;

	if (io_is_paused(io) && io->read_turn == loop_turns(io->loop))
		return UV_EAGAIN;
	n = tls_connection_read(io->b.tls, p, len, loop_now_ms(io->loop));
	io->read_turn = loop_turns(io->loop);
	note_pipe(io);
	return n;
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
	if (io->wanted & IO_WATCH_READ)
		look_later(io);
}

ssize_t io_read(struct io *io, void *p, size_t len)
{
	ssize_t n;

	assert(len > 0);
	if (io->b.eof)
		return 0;
	if (io->b.stage != STAGE_UP)
		return io->b.fault != 0 ? io->b.fault : UV_EAGAIN;
	io->told = false;
	if (buf_len(&io->b.unread))
		n = read_again(&io->b.unread, p, len);
	else if (io->b.tls)
		n = read_tls(io, p, len);
	else
		n = read_plain(io, p, len);
	io->b.eof = n == 0;
	if (n < 0 && n != UV_EAGAIN)
		fail(io, (int)n);
	if (io->b.fault != 0 ? n > 0 || io_is_paused(io) || !io->error_told
			     : (io->wanted & IO_WATCH_READ) && is_readable(io))
		look_later(io);
	return n;
}

static ssize_t write_plain(struct io *io, const struct iovec *iov, int count)
{
	ssize_t n = socket_send(io->b.fd, iov, count);

	if (n == UV_EAGAIN)
		return 0;
	if (n < 0)
		fail(io, (int)n);
	return n;
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
	n = io->b.tls ? tls_connection_writev(io->b.tls, iov, count) : write_plain(io, iov, count);
	if (n < 0) {
		fail(io, (int)n);
		look_later(io); /* IO_ERROR, for those who do not look at results */
		return io->b.fault;
	}
	io->batch_full = io->b.tls && (size_t)n < total && tls_connection_in_hand(io->b.tls) == 0;
	io->want_room = !io->batch_full &&
			((size_t)n < total || (io->b.tls && tls_connection_in_hand(io->b.tls) > 0));
	if (io->batch_full && (io->wanted & IO_WATCH_WRITE))
		look_later(io);
	if (io->want_room)
		poller_drained(&io->w, POLLER_WRITE);
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
	err = tls_connection_flush(io->b.tls);
	if (err == UV_EAGAIN)
		io->want_room = true;
	else if (err != 0)
		fail(io, err);
	note_full(io);
	finish_if_due(io);
	return err;
}

int io_write_buf(struct io *io, struct buf *out)
{
	while (buf_len(out)) {
		ssize_t n = io_write(io, buf_data(out), buf_len(out));
		if (n <= 0)
			return n < 0 ? (int)n : UV_EAGAIN;
		buf_take(out, (size_t)n);
	}
	return io_flush(io);
}

void io_pad(struct io *io, size_t bytes)
{
	if (io->b.tls)
		tls_connection_pad(io->b.tls, bytes);
}

void io_set_batch(struct io *io, size_t bytes)
{
	if (io->b.tls)
		tls_connection_set_batch(io->b.tls, bytes);
}

void io_set_busy(struct io *io, bool busy)
{
	if (io->b.tls)
		tls_connection_keep_buffers(io->b.tls, busy);
}

int io_shutdown(struct io *io)
{
	int err;

	if (io->b.stage != STAGE_UP)
		return io->b.fault != 0 ? io->b.fault : UV_ENOTCONN;
	io->b.fin_due = true;
	if (io->b.tls) {
		err = tls_connection_finish(io->b.tls);
		if (err != 0 && err != UV_EAGAIN)
			return err;
		note_full(io);
	}
	finish_if_due(io);
	return 0;
}

bool io_is_paused(const struct io *io)
{
	return io->b.tls && tls_connection_is_paused(io->b.tls);
}

void io_admit(struct io *io)
{
	if (io->b.tls)
		tls_connection_admit(io->b.tls);
}

bool io_is_queued(const struct io *io)
{
	return io->b.stage == STAGE_HANDSHAKE && io->accepts && (io->w.ready & POLLER_READ);
}

int io_error(const struct io *io)
{
	return io->b.fault;
}

bool io_tls_peer(const struct io *io, char pin[TLS_CONTEXT_PIN_TEXT])
{
	return tls_connection_peer(io->b.tls, pin);
}

const char *io_error_detail(const struct io *io)
{
	return io->b.tls ? tls_connection_detail(io->b.tls) : "";
}

void io_set_ends(struct io *io, const struct addr *peer, const struct addr *local)
{
	io->b.peer = *peer;
	io->b.local = *local;
}

const struct addr *io_peer(const struct io *io)
{
	return &io->b.peer;
}

const struct addr *io_local(const struct io *io)
{
	return &io->b.local;
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
	return socket_unsent(io->b.fd) + (io->b.tls ? tls_connection_in_hand(io->b.tls) : 0);
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
	poller_drained(&io->w, POLLER_WRITE);
	/* no write has come up short, so the kernel does not know that somebody waits */
	poller_again(&io->w);
	return true;
}

static void free_body(struct body *b)
{
	tls_connection_free(b->tls);
	buf_fini(&b->unread);
	if (b->fd >= 0)
		close(b->fd);
}

static void free_io(void *arg)
{
	mem_free(arg);
}

static void let_go(struct io *io)
{
	io->closing = true;
	task_init(&io->end, free_io, io);
	task_mark(io->loop, &io->end);
}

void io_close(struct io *io)
{
	if (!io)
		return;
	poller_close(&io->w);
	free_body(&io->b);
	let_go(io);
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
	poller_leave(&io->w);
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
		start_watch(io);
	look_later(io); /* bytes inside OpenSSL raise no event */
	return io;
}

void io_parcel_free(struct io_parcel *p)
{
	if (!p)
		return;
	free_body(&p->b);
	mem_free(p);
}
