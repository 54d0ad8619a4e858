/*
 * A message's body on its way from one end's queue to the other's; the same for requests and
 * answers. Pure. Nothing of it is kept but what the queue toward the other end may hold.
 */
#ifndef GROUNDNUT_HTTP_BODY_TRANSFER_H
#define GROUNDNUT_HTTP_BODY_TRANSFER_H

#include "shared/http/chunked_body.h"
#include "shared/base/buf.h"

enum { HTTP_QUEUE_MAX = 64 * 1024 }; /* bytes that wait toward one end, beyond one head */

enum http_rechunk {
	HTTP_CHUNKS_AS_THEY_ARE,
	/* size lines of our own, no trailers: a strict reader behind us sees what we saw */
	HTTP_CHUNKS_ANEW,
	HTTP_CHUNKS_DATA_ALONE, /* for a reader who knows no chunks */
};

struct body_transfer {
	enum http_body kind;
	enum http_rechunk rechunk;
	uint64_t left; /* of HTTP_BODY_LENGTH */
	struct chunked_body chunks;
};

/* len: of HTTP_BODY_LENGTH. HTTP_BODY_CLOSE never ends by itself: the caller knows the end of the
 * connection. */
void body_transfer_begin(struct body_transfer *t, enum http_body kind, uint64_t len,
			 enum http_strictness how, enum http_rechunk rechunk);
/* Moves what may be moved now: > 0 the body is over, 0 it waits for bytes or room, < 0 it is
 * broken. */
int body_transfer_move(struct body_transfer *t, struct buf *in, struct buf *out);
/* How many of the next bytes may go past us as they are, when both queues are empty; UINT64_MAX:
 * all. */
uint64_t body_transfer_pass(const struct body_transfer *t);
void body_transfer_passed(struct body_transfer *t, uint64_t len);

#endif
