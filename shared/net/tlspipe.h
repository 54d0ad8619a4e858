/*
 * One TLS connection over a connected non-blocking descriptor: for io.c, which adds the events.
 * Nothing here waits or calls back.
 *
 * Ciphertext of one call is gathered in staging memory and leaves in one send; what comes is
 * received into staging memory, too, and given to OpenSSL from there. Only what the kernel did not
 * take, and what OpenSSL did not, is kept in memory of its own, so an idle connection holds
 * nothing. Whoever calls looks at tlspipe_in_hand() afterwards: while it is not 0, tlspipe_flush()
 * wants to be called when the descriptor takes bytes.
 */
#ifndef GROUNDNUT_NET_TLSPIPE_H
#define GROUNDNUT_NET_TLSPIPE_H

#include "shared/net/tls.h"

#include <sys/types.h>
#include <sys/uio.h>

enum {
	TLSPIPE_STAGING = 256 * 1024 + 8192, /* the size of staging memory */
	TLSPIPE_BATCH_MIN = 4096,
	TLSPIPE_BATCH_MAX = 256 * 1024,
	TLSPIPE_REKEY_RECORDS = 1 << 22, /* far below what AES-GCM may seal with one key */
	/* more than this beyond a batch waits unsent: the peer makes us talk and does not listen */
	TLSPIPE_FLOOD = 256 * 1024,
};

struct tlspipe;

/* early: bytes read from fd before, copied. fd stays the caller's. */
struct tlspipe *tlspipe_new(int fd, struct tls_context *tls, const char *host, const void *early,
			    size_t early_len);
void tlspipe_free(struct tlspipe *t);
/* Two pieces of TLSPIPE_STAGING bytes that are ours during each call; to be set before the first
 * and after changing threads. */
void tlspipe_set_staging(struct tlspipe *t, uint8_t *out, uint8_t *in);

/* 0: done; UV_EAGAIN; else why it failed, tlspipe_detail() in words */
int tlspipe_handshake(struct tlspipe *t);
ssize_t tlspipe_read(struct tlspipe *t, void *p, size_t len); /* as io_read() */
/* the last handshake or read found nothing at the descriptor in the end (EAGAIN) … */
bool tlspipe_is_empty(const struct tlspipe *t);
bool tlspipe_is_dry(const struct tlspipe *t); /* … or less than it asked for */
/* tlspipe_read() may give something that the descriptor does not show any more */
bool tlspipe_has_pending(const struct tlspipe *t);
/* as io_writev(): bytes taken */
ssize_t tlspipe_writev(struct tlspipe *t, const struct iovec *iov, int count);
int tlspipe_flush(struct tlspipe *t); /* 0: nothing left in hand; UV_EAGAIN; else error */
/* close_notify after what was written; result as of flush */
int tlspipe_finish(struct tlspipe *t);
size_t tlspipe_in_hand(const struct tlspipe *t);
void tlspipe_set_batch(struct tlspipe *t, size_t bytes);
/* OpenSSL's, about 33 KiB, from one call to the next; by default not */
void tlspipe_keep_buffers(struct tlspipe *t, bool keep);
void tlspipe_set_rekey(struct tlspipe *t, uint32_t records); /* default TLSPIPE_REKEY_RECORDS */
/* The descriptor's own error was read elsewhere (SO_ERROR gives it only once): an end of input from
 * now on is this error. */
void tlspipe_set_fault(struct tlspipe *t, int err);
int tlspipe_fault(const struct tlspipe *t); /* 0, or the first error that the descriptor gave */
const char *tlspipe_detail(const struct tlspipe *t);
/* negotiated, "" when none; valid as long as t */
const char *tlspipe_alpn(const struct tlspipe *t);

#endif
