/*
 * Somebody whose HELLO has been believed, until his link is a session's: he is welcomed, refused or
 * dropped, and each of these frees the greeting. Made on the main loop, unpacked on the home's.
 */
#ifndef GROUNDNUT_RELAY_GREETING_H
#define GROUNDNUT_RELAY_GREETING_H

#include "shared/net/trunk.h"
#include "shared/tunnel/hello.h"

struct greeting {
	struct io_parcel *parcel; /* NULL: unpacked */
	struct io *io;
	struct hello hello;
	struct buf early; /* bytes read behind HELLO */
};

/* takes parcel and early */
struct greeting *greeting_new(struct io_parcel *parcel, const struct hello *hello,
			      struct buf *early);
void greeting_unpack(struct greeting *g, struct loop *l);
bool greeting_is_gone(const struct greeting *g); /* it did not wait */
/* Say WELCOME, and the link is the trunk's: w says what was taken. Negative: the link was gone, or
 * the HELLO's numbers do not fit. */
int greeting_welcome(struct greeting *g, struct trunk *k, const struct welcome *w);
/* reason: as of refuse_put() */
void greeting_refuse(struct greeting *g, enum refuse_code code, const char *reason,
		     uint32_t retry_ms);
void greeting_drop(struct greeting *g);

#endif
