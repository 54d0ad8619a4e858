/*
 * An agent whose HELLO was right, until its link belongs to a session. It is welcomed, refused or
 * dropped; each of these frees it. It is made on the main loop and unpacked on the worker's loop.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_PENDING_AGENT_H
#define GROUNDNUT_RELAY_AGENTS_PENDING_AGENT_H

#include "shared/net/transport.h"
#include "shared/tunnel/hello_messages.h"

struct pending_agent {
	struct io_parcel *parcel; /* NULL: unpacked */
	struct io *io;
	struct hello hello;
	struct buf early; /* bytes read behind HELLO */
};

/* Takes parcel and early over. */
struct pending_agent *pending_agent_new(struct io_parcel *parcel, const struct hello *hello,
					struct buf *early);
void pending_agent_unpack(struct pending_agent *p, struct loop *l);
bool pending_agent_is_gone(const struct pending_agent *p); /* its link has ended */
/* Sends WELCOME and gives the link to the transport. Negative: the link has ended, or the
 * numbers of HELLO do not fit. */
int pending_agent_welcome(struct pending_agent *p, struct transport *k, const struct welcome *w);
/* Sends REFUSE. reason: as for refuse_put(). */
void pending_agent_refuse(struct pending_agent *p, enum refuse_code code, const char *reason,
			  uint32_t retry_ms);
void pending_agent_drop(struct pending_agent *p);

#endif
