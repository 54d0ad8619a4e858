/* The first frame on a fresh TLS connection, at either end: HELLO at the relay, WELCOME or REFUSE
 * at the agent. Nothing is known of the peer yet, so what is read is bounded: one frame of at most
 * FRAME_HELLO_MAX, and at most 16 KiB read ahead. */
#ifndef GROUNDNUT_NET_FIRST_FRAME_H
#define GROUNDNUT_NET_FIRST_FRAME_H

#include "shared/net/io.h"
#include "shared/tunnel/hello_messages.h"

enum { FIRST_FRAME_TIMEOUT_MS = 10000, FIRST_FRAME_READ_AHEAD = 16 * 1024 };

/* Reads what is there into in. 1: a whole frame is at its front, *f says which (payload behind
 * FRAME_HEADER); 0: not yet, IO_DATA will come; negative: the peer's end, its error, or a frame
 * that may not come now. After a frame, buf_take() it: the rest is early bytes. */
int first_frame_read(struct io *io, struct buf *in, struct frame *f);

#endif
