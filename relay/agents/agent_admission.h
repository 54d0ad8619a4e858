/*
 * An agent whose HELLO was right, until its link belongs to a session. It is welcomed, refused or
 * dropped; each of these frees it. It is made on the main loop and unpacked on the worker's loop.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_AGENT_ADMISSION_H
#define GROUNDNUT_RELAY_AGENTS_AGENT_ADMISSION_H

#include "shared/net/transport.h"
#include "shared/tunnel/hello_messages.h"

struct agent_admission {
	struct io_parcel *parcel; /* NULL: unpacked */
	struct io *io;
	struct hello hello;
	struct buf early; /* bytes read behind HELLO */
};

/* Takes parcel and early over. */
struct agent_admission *agent_admission_new(struct io_parcel *parcel, const struct hello *hello,
					    struct buf *early);
void agent_admission_unpack(struct agent_admission *p, struct loop *l);
bool agent_admission_is_gone(const struct agent_admission *p); /* its link has ended */
/* Sends WELCOME and gives the link to the transport. Negative: the link has ended, or the
 * numbers of HELLO do not fit. */
int agent_admission_welcome(struct agent_admission *p, struct transport *k,
			    const struct welcome *w);
/* Sends REFUSE. reason: as for refuse_put(). */
void agent_admission_refuse(struct agent_admission *p, enum refuse_code code, const char *reason,
			    uint32_t retry_ms);
void agent_admission_drop(struct agent_admission *p);

#endif
