/* The end of a link. It writes what is in hand and the frame that is given, then ends its
 * direction. What the peer still sends is read and dropped: closing over unread bytes would be a
 * reset, which destroys bytes on their way. It closes when the peer has closed too, or after a
 * while. A leaf that nobody owns. */
#ifndef GROUNDNUT_NET_LINGERING_CLOSE_H
#define GROUNDNUT_NET_LINGERING_CLOSE_H

#include "shared/base/buf.h"
#include "shared/net/io.h"

enum { LINGERING_CLOSE_MS = 1000 };

void lingering_close_say(struct io *io, struct buf *words); /* takes both */

#endif
