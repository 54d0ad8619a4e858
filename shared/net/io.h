/*
 * One connected socket, plain or TLS, on one loop: the leaf that everything above stands on.
 *
 * Events only say "look again": the owner asks io_read(), io_write(), io_error() what there is to
 * do. Lost, doubled or late events do no harm. No function here calls the owner back; events come
 * from the loop, one at a time, and the owner may close the io inside one. After
 * io_close()/io_reset() the callback never comes again.
 *
 * Interest: io_watch() says which events the owner wants. An owner that was told IO_DATA and reads
 * later is not told again meanwhile; from its next io_read() or io_watch(READ) on it is. An io that
 * watches nothing still notices a reset once (IO_ERROR).
 */
#ifndef GROUNDNUT_NET_IO_H
#define GROUNDNUT_NET_IO_H

#include "shared/base/addr.h"
#include "shared/base/buf.h"
#include "shared/net/loop.h"
#include "shared/net/tls_context.h"

#include <sys/types.h>
#include <sys/uio.h>

struct io;

enum io_event {
	IO_UP,   /* connected, and the TLS handshake is done */
	IO_DATA, /* io_read may give something (also the end, also an error) */
	IO_ROOM, /* io_write may take something; with TLS also: all that was in hand has left */
	/* it is over: io_error() says why. Data that came before is still readable until io_read
	 * says otherwise */
	IO_ERROR,
};
typedef void io_fn(void *owner, enum io_event event);

enum { IO_WATCH_READ = 1, IO_WATCH_WRITE = 2 };

/* Dial: non-blocking connect; IO_UP or IO_ERROR follows from the loop, also when connect() fails
 * or succeeds at once. from: local address to bind to, or NULL. maxseg: bytes of a segment at
 * most; 0: the kernel's choice. Deadlines are the owner's. */
struct io *io_dial(struct loop *l, const struct addr *to, const struct addr *from, unsigned maxseg,
		   io_fn *fn, void *owner);
/* Take a connected descriptor (from a listener): plain, up at once (IO_UP is not sent). Owns fd.
 * peer, local: as the listener told them; NULL: asked. */
struct io *io_take(struct loop *l, int fd, const struct addr *peer, const struct addr *local,
		   io_fn *fn, void *owner);

/* Begin TLS on a plain io that is up or still dialling: IO_UP comes (again) when the handshake
 * is done. tls is kept by reference. io_tls_dial: host is sent as SNI and verified where the
 * context verifies by CA (NULL: neither). What the owner has read and put back (io_unread) is the
 * beginning. */
void io_tls_dial(struct io *io, struct tls_context *tls, const char *host);
void io_tls_accept(struct io *io, struct tls_context *tls);

/* From now on events go to this owner. */
void io_own(struct io *io, io_fn *fn, void *owner);

void io_watch(struct io *io, unsigned mask);

/* > 0: bytes; 0: the peer's end (FIN or close_notify); UV_EAGAIN: nothing now, IO_DATA will come
 * while READ is watched; other negative: the connection's error. TLS reads gather records until
 * len is full or nothing is left, or until they have done as much as one turn of the loop may. */
ssize_t io_read(struct io *io, void *p, size_t len);
/* The last io_read() stopped because its turn was over. There may be more, and IO_DATA comes in the
 * next turn. */
bool io_is_paused(const struct io *io);
/* TLS: the peer has introduced itself; see tls_connection_admit() */
void io_admit(struct io *io);
/* Bytes that were read too far, and the end if it was read behind them: io_read() gives both again
 * before anything else, also on another loop. Plain io only. */
void io_unread(struct io *io, const void *p, size_t len);
/* >= 0: bytes taken in order (may be fewer than given; 0 when there is no room: IO_ROOM will
 * come while WRITE is watched); negative: error. Plain: one writev. TLS: taken means encrypted
 * and in hand, and never more than io_set_batch() bytes of ciphertext are; one send a call. */
ssize_t io_writev(struct io *io, const struct iovec *iov, int count);
ssize_t io_write(struct io *io, const void *p, size_t len);
/* As much of out as there is room for, taken off it. 0: all of it has left, also what TLS had in
 * hand; UV_EAGAIN: IO_ROOM will come while WRITE is watched; else error. */
int io_write_buf(struct io *io, struct buf *out);
/* TLS: send what is in hand. 0: nothing left, UV_EAGAIN: some left, else error. Plain: always 0. */
int io_flush(struct io *io);
void io_pad(struct io *io, size_t bytes);       /* TLS: as tls_connection_pad() */
void io_set_batch(struct io *io, size_t bytes); /* TLS, default 256 KiB */
/* TLS: keep buffers from one call to the next while busy; by default not */
void io_set_busy(struct io *io, bool busy);
/* FIN (TLS: close_notify first) after what was written; the other direction stays open */
int io_shutdown(struct io *io);

/* io_tls_accept(): the peer has begun its handshake, and none of it was looked at: others were
 * before it */
bool io_is_queued(const struct io *io);
/* 0, or what ended it; ERR_PIN, ERR_CERTIFICATE, ERR_TLS for a failed handshake */
int io_error(const struct io *io);
/* words beyond err_text(), e.g. both pins; "" when none */
const char *io_error_detail(const struct io *io);
/* TLS that is up: the key that the peer has shown, and whether its certificate is verified. */
bool io_tls_peer(const struct io *io, char pin[TLS_CONTEXT_PIN_TEXT]);
/* A trusted proxy forwards this connection: these are the addresses of its real ends. */
void io_set_ends(struct io *io, const struct addr *peer, const struct addr *local);
const struct addr *io_peer(const struct io *io);
const struct addr *io_local(const struct io *io);
int io_fd(const struct io *io);
struct loop *io_loop(const struct io *io);
/* the kernel holds bytes that nobody has read yet */
bool io_has_unread(const struct io *io);
/* bytes the kernel has not had acknowledged plus those in hand */
size_t io_unsent(const struct io *io);

void io_set_notsent_lowat(struct io *io, unsigned bytes);
/* most: what io_set_notsent_lowat() was given last. Whether the kernel has more than most bytes
 * that it has not yet sent: it fills a segment of 64 KiB up, whatever the mark is. If so,
 * IO_ROOM will come, while WRITE is watched, when there is less than half the mark. */
bool io_is_ahead(struct io *io, size_t most);

/* at once; unsent bytes in hand are dropped, those in the kernel are sent */
void io_close(struct io *io);
void io_reset(struct io *io); /* at once, as a TCP reset (SO_LINGER 0) */

/* Hand-over to another loop: pack ends the watch here (the owner gets no more events) and gives
 * a parcel that any thread may carry; unpack on the new loop makes the io live again and looks
 * once without waiting for the kernel, since bytes inside OpenSSL raise no event. A parcel that
 * is not unpacked is dropped with io_parcel_free. */
struct io_parcel;
struct io_parcel *io_pack(struct io *io); /* io is gone after this, as after io_close */
struct io *io_unpack(struct loop *l, struct io_parcel *p, io_fn *fn, void *owner);
void io_parcel_free(struct io_parcel *p);

#endif
