/*
 * The last words on a link: what is in hand and what is given is written out, then the end; what
 * the peer still sends is read and dropped, since closing over unread bytes would be a reset, and
 * that destroys words on their way. Closed when the peer has closed too, or after a while. A leaf
 * that nobody owns.
 */
#ifndef GROUNDNUT_NET_LINGERING_CLOSE_H
#define GROUNDNUT_NET_LINGERING_CLOSE_H

#include "shared/base/buf.h"
#include "shared/net/io.h"

enum { LINGERING_CLOSE_MS = 1000 };

void lingering_close_say(struct io *io, struct buf *words); /* takes both */

#endif
