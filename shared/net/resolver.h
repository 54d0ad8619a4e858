/* Turns names into addresses, for dial.c and for those who need an address alone. Lookups of one
 * lane run one at a time, each in a thread of its own: a dead name holds its place for many
 * seconds, and neither libuv's pool nor the end of the program waits for it. Answers are kept
 * for a while per loop. An answer always comes from the loop, also one that was kept. */
#ifndef GROUNDNUT_NET_RESOLVER_H
#define GROUNDNUT_NET_RESOLVER_H

#include "shared/base/addr.h"
#include "shared/net/loop.h"

enum { RESOLVER_LANES = 2, RESOLVER_MAX = 16, RESOLVER_KEEP = 64 };

struct resolver;
/* Once. list: without ports, as the resolver sorts them, valid during the call; or count 0 and err
 * says why. */
typedef void resolver_fn(void *owner, const struct addr *list, size_t count, int err);

struct resolver *resolver_start(struct loop *l, unsigned lane, const char *host, uint64_t keep_ms,
				resolver_fn *fn, void *owner);
/* Before the answer: it never comes. After the answer the lookup is gone by itself. */
void resolver_close(struct resolver *k);

#endif
