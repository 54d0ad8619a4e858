/* All addresses that a program's file says it listens on, each with its purpose. The list may
 * change while the program runs: a socket whose address stays in it is never closed, even when its
 * purpose changes. An address that cannot be opened is logged once for each reason, and tried
 * again. */
#ifndef GROUNDNUT_NET_LISTENER_SET_H
#define GROUNDNUT_NET_LISTENER_SET_H

#include "shared/net/listener.h"

struct listener_set;

struct listener_set_entry {
	struct addr at;
	const char *what; /* "http", for the log; outlives the entry */
	listener_fn *fn;
	void *owner;
};

typedef void listener_set_fn(void *owner); /* what failed has been tried again */

/* leave: as of listener_leave(), for all of them. Nothing is open yet. */
struct listener_set *listener_set_new(struct loop *l, unsigned leave, listener_set_fn *fn,
				      void *owner);
/* The whole list, in place of the one before: closes what is gone, then opens what is new. "[::]"
 * means both families, and beside "0.0.0.0" on the same port its own. */
void listener_set_set(struct listener_set *s, const struct listener_set_entry *list, size_t count);
/* What is open, as bound (port 0 has become a real one); NULL: no more. */
const struct addr *listener_set_at(const struct listener_set *s, size_t i);
/* All of them, as they were asked for. why: it is not open, and err tells so; NULL: it is. */
typedef void listener_set_each_fn(void *arg, const struct listener_set_entry *e, int err,
				  const char *why);
void listener_set_each(const struct listener_set *s, listener_set_each_fn *fn, void *arg);
void listener_set_close(struct listener_set *s); /* no callback after this */

#endif
