/*
 * Reaching a host by name: look it up (numeric addresses never wait for a lookup), then Happy
 * Eyeballs (RFC 8305): v6 first, the next address after 250 ms beside those under way, the first
 * that is up wins, the rest are closed. A leaf.
 */
#ifndef GROUNDNUT_NET_DIAL_H
#define GROUNDNUT_NET_DIAL_H

#include "shared/net/io.h"

struct dial;
/* Once: io is up (plain; the callee owns it and must io_own() it), or NULL and err says why (the
 * last error; UV_EAI_* when the name was not found, UV_EAI_AGAIN also when nobody has told it). */
typedef void dial_fn(void *owner, struct io *io, int err);

enum { DIAL_CACHE_MS = 30000 };

/* host: a name or a numeric address; extra: further addresses tried first without a lookup (last
 * known ones), may be NULL. timeout_ms bounds the whole, lookup included. lane: lookups of one
 * lane run one at a time, so that dead names of services never delay the relay's (libuv runs
 * only two lookups at once). */
enum dial_lane { DIAL_RELAY, DIAL_SERVICE };
struct dial *dial_start(struct loop *l, enum dial_lane lane, const char *host, uint16_t port,
			const struct addr *extra, size_t extra_count, uint64_t timeout_ms,
			dial_fn *fn, void *owner);
/* The same with segments of at most maxseg bytes (0: the kernel's choice), for a path that loses
 * large ones. */
struct dial *dial_start_small(struct loop *l, enum dial_lane lane, const char *host, uint16_t port,
			      const struct addr *extra, size_t extra_count, unsigned maxseg,
			      uint64_t timeout_ms, dial_fn *fn, void *owner);
/* before its callback: it never comes. After the callback the dial is gone by itself. */
void dial_close(struct dial *d);

#endif
