/*
 * Somebody whose HELLO has been believed, until his link is a session's: he is welcomed, refused or
 * dropped, and each of these frees the greeting. Made on the main loop, unpacked on the home's.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_PENDING_AGENT_H
#define GROUNDNUT_RELAY_AGENTS_PENDING_AGENT_H

#include "shared/net/transport.h"
#include "shared/tunnel/link_messages.h"

struct pending_agent {
	struct io_parcel *parcel; /* NULL: unpacked */
	struct io *io;
	struct hello hello;
	struct buf early; /* bytes read behind HELLO */
};

/* takes parcel and early */
struct pending_agent *pending_agent_new(struct io_parcel *parcel, const struct hello *hello,
					struct buf *early);
void pending_agent_unpack(struct pending_agent *g, struct loop *l);
bool pending_agent_is_gone(const struct pending_agent *g); /* it did not wait */
/* Say WELCOME, and the link is the trunk's: w says what was taken. Negative: the link was gone, or
 * the HELLO's numbers do not fit. */
int pending_agent_welcome(struct pending_agent *g, struct transport *k, const struct welcome *w);
/* reason: as of refuse_put() */
void pending_agent_refuse(struct pending_agent *g, enum refuse_code code, const char *reason,
			  uint32_t retry_ms);
void pending_agent_drop(struct pending_agent *g);

#endif
