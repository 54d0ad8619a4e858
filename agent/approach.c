/*
 * dial → io (plain, up) → TLS → IO_UP: handed over. One timer bounds it all. A way that fails is
 * told once, after it has been taken apart.
 */
#include "agent/approach.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include <string.h>

struct approach {
	struct loop *loop;
	char *name; /* name or address, for SNI and verification */
	struct tls_context *tls;
	approach_fn *fn;
	void *owner;
	struct dial *dial;
	struct io *io;
	struct timer *timer;
};

static void take_apart(struct approach *a)
{
	dial_close(a->dial);
	io_close(a->io);
	timer_close(a->timer);
	tls_unref(a->tls);
	mem_free(a->name);
	mem_free(a);
}

void approach_close(struct approach *a)
{
	if (a)
		take_apart(a);
}

static void fail(struct approach *a, int err, const char *detail)
{
	approach_fn *fn = a->fn;
	void *owner = a->owner;
	char *words = mem_strdup(detail);
	struct approach *name = a;
	take_apart(a);
	fn(owner, name, NULL, err, words);
	mem_free(words);
}

static void on_io(void *owner, enum io_event event)
{
	struct approach *a = owner;
	if (event == IO_ERROR) {
		fail(a, io_error(a->io), io_error_detail(a->io));
	} else if (event == IO_UP) {
		approach_fn *fn = a->fn;
		void *to = a->owner;
		struct io *io = a->io;
		struct approach *name = a;
		a->io = NULL;
		take_apart(a);
		fn(to, name, io, 0, "");
	}
}

static void on_dialled(void *owner, struct io *io, int err)
{
	struct approach *a = owner;
	a->dial = NULL;
	if (!io) {
		fail(a, err, "");
		return;
	}
	a->io = io;
	io_own(io, on_io, a);
	io_tls_dial(io, a->tls, a->name);
}

static void on_timeout(void *owner)
{
	fail(owner, ERR_TIMEOUT, "");
}

struct approach *approach_start(struct loop *l, const struct endpoint *relay,
				struct tls_context *tls, const struct addr *known,
				size_t known_count, unsigned maxseg, approach_fn *fn, void *owner)
{
	struct approach *a = mem_alloc(sizeof *a);
	*a = (struct approach){.loop = l, .tls = tls_ref(tls), .fn = fn, .owner = owner};
	a->name = mem_strdup(relay->host);
	a->timer = timer_new(l, on_timeout, a);
	timer_set(a->timer, APPROACH_TIMEOUT_MS);
	a->dial = dial_start_small(l, DIAL_RELAY, relay->host, relay->first, known, known_count,
				   maxseg, APPROACH_TIMEOUT_MS, on_dialled, a);
	return a;
}
