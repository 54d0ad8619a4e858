/*
 * One TLS connection over a connected non-blocking descriptor, for io.c, which adds the events; or
 * over whatever a struct tls_wire reaches. Nothing here waits or calls back.
 *
 * Ciphertext of one call is gathered in staging memory and leaves in one send; what comes is
 * received into staging memory, too, and given to OpenSSL from there. Only what the kernel did not
 * take, and what OpenSSL did not, is kept in memory of its own, so an idle connection holds
 * nothing. Whoever calls looks at tls_connection_in_hand() afterwards: while it is not 0,
 * tls_connection_flush() wants to be called when the descriptor takes bytes.
 */
#ifndef GROUNDNUT_NET_TLS_CONNECTION_H
#define GROUNDNUT_NET_TLS_CONNECTION_H

#include "shared/net/tls_context.h"

#include <sys/types.h>
#include <sys/uio.h>

enum {
	TLS_CONNECTION_STAGING = 256 * 1024 + 8192, /* the size of staging memory */
	TLS_CONNECTION_BATCH_MIN = 4096,
	TLS_CONNECTION_BATCH_MAX = 256 * 1024,
	TLS_CONNECTION_REKEY_RECORDS = 1 << 22, /* far below what AES-GCM may seal with one key */
};

struct tls_connection;

/* Where ciphertext comes from and goes to, when that is no descriptor. Both are called inside the
 * calls below only. */
struct tls_wire {
	/* > 0; 0: the end; UV_EAGAIN: nothing now; else why there will be no more */
	ssize_t (*receive)(void *arg, void *p, size_t len);
	/* how many bytes were taken; UV_EAGAIN: none now; else why never again */
	ssize_t (*send)(void *arg, const struct iovec *iov, int count);
	void *arg;
};

/* early: bytes read from fd before, copied. fd stays the caller's. */
struct tls_connection *tls_connection_new(int fd, struct tls_context *tls, const char *host,
					  const void *early, size_t early_len);
struct tls_connection *tls_connection_over(const struct tls_wire *wire, struct tls_context *tls,
					   const char *host, const void *early, size_t early_len);
void tls_connection_free(struct tls_connection *t);
/* Two pieces of memory of TLS_CONNECTION_STAGING bytes, which this connection uses during each
 * call. They are set before the first call and after a change of the thread. */
void tls_connection_set_staging(struct tls_connection *t, uint8_t *out, uint8_t *in);

/* 0: done; UV_EAGAIN; else why it failed, tls_connection_detail() in words */
int tls_connection_handshake(struct tls_connection *t);
/* as io_read(); now_ms: the clock that rates go by */
ssize_t tls_connection_read(struct tls_connection *t, void *p, size_t len, uint64_t now_ms);
/* The last handshake or read has done as much as one call may, and there may be more. The caller
 * lets others have their turn before it calls again. */
bool tls_connection_is_paused(const struct tls_connection *t);
/* The peer has introduced itself. Before that, a message that is neither handshake nor data ends a
 * connection that we accepted. Afterwards, and on connections that we dialled, only a flood of such
 * messages does. */
void tls_connection_admit(struct tls_connection *t);
/* the last handshake or read found nothing at the descriptor in the end (EAGAIN) … */
bool tls_connection_is_empty(const struct tls_connection *t);
bool tls_connection_is_dry(const struct tls_connection *t); /* … or less than it asked for */
/* tls_connection_read() may give something that the descriptor does not show any more */
bool tls_connection_has_pending(const struct tls_connection *t);
/* as io_writev(): bytes taken */
ssize_t tls_connection_writev(struct tls_connection *t, const struct iovec *iov, int count);
/* 0: nothing left in hand; UV_EAGAIN; else error */
int tls_connection_flush(struct tls_connection *t);
/* close_notify after what was written; result as of flush */
int tls_connection_finish(struct tls_connection *t);
size_t tls_connection_in_hand(const struct tls_connection *t);
void tls_connection_set_batch(struct tls_connection *t, size_t bytes);
/* The next write is no shorter on the wire than so many bytes (at most TLS_CONNECTION_BATCH_MIN
 * / 2), by record padding (RFC 8446, section 5.4; TLS 1.3 only), unless older bytes are still in
 * hand. */
void tls_connection_pad(struct tls_connection *t, size_t bytes);
/* How much plaintext tls_connection_writev() takes at least, if nothing fails. */
size_t tls_connection_room(const struct tls_connection *t);
/* roughly, of this connection now */
size_t tls_connection_memory(const struct tls_connection *t);
/* keeps OpenSSL's buffers, about 33 KiB, from one call to the next; by default it does not */
void tls_connection_keep_buffers(struct tls_connection *t, bool keep);
/* default TLS_CONNECTION_REKEY_RECORDS */
void tls_connection_set_rekey(struct tls_connection *t, uint32_t records);
/* The descriptor's own error was read elsewhere, and SO_ERROR gives it only once. From now on an
 * end of input is this error. */
void tls_connection_set_fault(struct tls_connection *t, int err);
/* 0, or the first error that the descriptor gave */
int tls_connection_fault(const struct tls_connection *t);
/* as tls_context_peer() */
bool tls_connection_peer(const struct tls_connection *t, char pin[TLS_CONTEXT_PIN_TEXT]);
const char *tls_connection_detail(const struct tls_connection *t);

#endif
