/*
 * A text that several keep at once, such as the streams that all send it. It does not change, and
 * goes with the last that keeps it. One thread.
 */
#ifndef GROUNDNUT_BASE_SHARED_TEXT_H
#define GROUNDNUT_BASE_SHARED_TEXT_H

#include "shared/base/buf.h"

struct shared_text {
	struct buf text; /* read only */
	unsigned keepers;
};

/* Takes the text over and leaves *text empty. The caller is the first that keeps it. */
struct shared_text *shared_text_new(struct buf *text);
struct shared_text *shared_text_keep(struct shared_text *s); /* returns s */
void shared_text_drop(struct shared_text *s);                /* NULL does nothing */

#endif
