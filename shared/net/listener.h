/*
 * A listening TCP socket (or several for "::"), a leaf. Accepts up to a handful a turn, rests when
 * told to or when descriptors run out (EMFILE, ENFILE: it rests 100 ms at a time and says so once a
 * minute, and does not spin).
 */
#ifndef GROUNDNUT_NET_LISTENER_H
#define GROUNDNUT_NET_LISTENER_H

#include "shared/base/addr.h"
#include "shared/net/loop.h"

struct listener;
/* fd is the callee's; peer and local (what the visitor addressed) are normalised to v4 where
 * v4-mapped, and without a family when the socket is neither v4 nor v6. */
typedef void listener_fn(void *owner, int fd, const struct addr *peer, const struct addr *local);

/*
 * Bind and listen. Any "[::]" takes both families with one socket, or v6 only when v6only is set (a
 * v4 wildcard stands beside it), or 0.0.0.0 when the machine has no IPv6 (one log line).
 * SO_REUSEADDR, never SO_REUSEPORT. backlog 1024. On failure NULL and *err; *why (freed by the
 * caller, may be NULL) says in words what a person needs: who holds the port when /proc tells, that
 * CAP_NET_BIND_SERVICE is missing.
 */
struct listener *listener_open(struct loop *l, const struct addr *at, bool v6only, listener_fn *fn,
			       void *owner, int *err, char **why);
/* Makes a listener of a descriptor that listens already, of any family. The descriptor is the
 * listener's from now on, also on failure. */
struct listener *listener_over(struct loop *l, int fd, listener_fn *fn, void *owner, int *err);
/* Leaves descriptors numbered from on alone: a newcomer that gets one is closed, and the listener
 * rests as if there were none. */
void listener_leave(struct listener *s, unsigned from);
/* stop accepting; newcomers wait in the kernel's queue */
void listener_rest(struct listener *s);
void listener_resume(struct listener *s);
/* as bound: port 0 has become a real one */
const struct addr *listener_at(const struct listener *s);
void listener_close(struct listener *s); /* no callback after this */

#endif
