/*
 * A text that several keep at once, such as the streams that all send it. It does not change, and
 * goes with the last that keeps it. One thread.
 */
#ifndef GROUNDNUT_BASE_REFCOUNTED_TEXT_H
#define GROUNDNUT_BASE_REFCOUNTED_TEXT_H

#include "shared/base/buf.h"

struct refcounted_text {
	struct buf text; /* read only */
	unsigned keepers;
};

/* Takes the text over and leaves *text empty. The caller is the first that keeps it. */
struct refcounted_text *refcounted_text_new(struct buf *text);
struct refcounted_text *refcounted_text_keep(struct refcounted_text *s); /* returns s */
void refcounted_text_drop(struct refcounted_text *s);                    /* NULL does nothing */

#endif
