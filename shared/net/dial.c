/*
 * Known addresses are tried at once, the looked-up ones follow when they come. Attempts stand side
 * by side: the next one starts when the newest is HEAD_START_MS old or has failed. The first that
 * is up wins; when none is left and no lookup is open, or the time is over, the dial has failed.
 * Everything here is closed before the owner is called, as the last act.
 */
#include "shared/net/dial.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/resolver.h"
#include "shared/net/timer.h"

#include <assert.h>
#include <uv.h>

enum { HEAD_START_MS = 250, ADDRESSES = 2 * RESOLVER_MAX };

static_assert((int)DIAL_SERVICE < (int)RESOLVER_LANES, "a lane of lookups each");

struct attempt {
	struct dial *dial;
	struct io *io; /* NULL: not begun, or failed */
};

struct dial {
	struct loop *loop;
	uint16_t port;
	unsigned maxseg;
	struct addr list[ADDRESSES];
	struct attempt attempts[ADDRESSES]; /* of the same index */
	size_t count;                       /* known */
	size_t begun;
	size_t active;
	uint64_t newest_ms;      /* when the newest attempt began */
	struct resolver *lookup; /* open, or NULL */
	struct timer *head_start, *limit;
	int err;
	dial_fn *fn;
	void *owner;
};

static void on_io(void *owner, enum io_event event);

static void release(struct dial *d)
{
	for (size_t i = 0; i < d->begun; i++)
		io_close(d->attempts[i].io);
	resolver_close(d->lookup);
	timer_close(d->head_start);
	timer_close(d->limit);
	mem_free(d);
}

static void end(struct dial *d, struct io *io, int err)
{
	dial_fn *fn = d->fn;
	void *owner = d->owner;

	release(d);
	fn(owner, io, err);
}

/* "No route" for one family tells less than the error of the other one. */
static void note_error(struct dial *d, int err)
{
	bool local = err == UV_ENETUNREACH || err == UV_EADDRNOTAVAIL || err == UV_EAFNOSUPPORT;

	if (d->err == 0 || !local)
		d->err = err;
}

static void add(struct dial *d, const struct addr *a)
{
	struct addr to = *a;

	if (to.port == 0)
		to.port = d->port;
	for (size_t i = 0; i < d->count; i++)
		if (addr_equal(&d->list[i], &to))
			return;
	if (d->count < ADDRESSES)
		d->list[d->count++] = to;
}

static void begin_next(struct dial *d)
{
	struct attempt *a = &d->attempts[d->begun];

	a->dial = d;
	a->io = io_dial(d->loop, &d->list[d->begun], NULL, d->maxseg, on_io, a);
	d->begun++;
	d->active++;
	d->newest_ms = loop_now_ms(d->loop);
	if (d->begun < d->count)
		timer_set(d->head_start, HEAD_START_MS);
	else
		timer_stop(d->head_start);
}

/* Called after any change. It may end the dial, so its caller does nothing more with d. */
static void look(struct dial *d)
{
	uint64_t age = loop_now_ms(d->loop) - d->newest_ms;

	if (d->begun < d->count) {
		if (d->active == 0 || age >= HEAD_START_MS)
			begin_next(d);
		else
			timer_set(d->head_start, HEAD_START_MS - age);
	} else if (d->active == 0 && !d->lookup) {
		end(d, NULL, d->err);
	}
}

static void on_io(void *owner, enum io_event event)
{
	struct attempt *a = owner;
	struct dial *d = a->dial;
	struct io *io = a->io;

	if (event == IO_UP) {
		a->io = NULL;
		end(d, io, 0);
	} else if (event == IO_ERROR) {
		note_error(d, io_error(io));
		io_close(io);
		a->io = NULL;
		d->active--;
		if (d->begun < d->count)
			begin_next(d);
		else
			look(d);
	}
}

static void on_head_start(void *owner)
{
	begin_next(owner);
}

/* A lookup without an answer is another error than a host without one. */
static void on_limit(void *owner)
{
	struct dial *d = owner;

	end(d, NULL, d->lookup && d->begun == 0 ? UV_EAI_AGAIN : ERR_TIMEOUT);
}

/* v6 first, then by turns; within a family, the order of the resolver. */
static void add_interleaved(struct dial *d, const struct addr *list, size_t count)
{
	size_t six = 0, four = 0;

	while (six < count || four < count) {
		while (six < count && list[six].family != 6)
			six++;
		if (six < count)
			add(d, &list[six++]);
		while (four < count && list[four].family != 4)
			four++;
		if (four < count)
			add(d, &list[four++]);
	}
}

static void on_lookup(void *owner, const struct addr *list, size_t count, int err)
{
	struct dial *d = owner;

	d->lookup = NULL;
	if (err != 0)
		note_error(d, err);
	add_interleaved(d, list, count);
	look(d);
}

struct dial *dial_start(struct loop *l, enum dial_lane lane, const char *host, uint16_t port,
			const struct addr *extra, size_t extra_count, uint64_t timeout_ms,
			dial_fn *fn, void *owner)
{
	return dial_start_small(l, lane, host, port, extra, extra_count, 0, timeout_ms, fn, owner);
}

struct dial *dial_start_small(struct loop *l, enum dial_lane lane, const char *host, uint16_t port,
			      const struct addr *extra, size_t extra_count, unsigned maxseg,
			      uint64_t timeout_ms, dial_fn *fn, void *owner)
{
	struct dial *d = mem_zalloc(sizeof(*d));
	struct addr numeric;

	d->loop = l;
	d->port = port;
	d->maxseg = maxseg;
	d->fn = fn;
	d->owner = owner;
	d->head_start = timer_new(l, on_head_start, d);
	d->limit = timer_new(l, on_limit, d);
	timer_set(d->limit, timeout_ms);
	for (size_t i = 0; i < extra_count; i++)
		add(d, &extra[i]);
	if (addr_parse_ip(host, &numeric) == 0)
		add(d, &numeric);
	else
		d->lookup = resolver_start(l, lane, host, DIAL_CACHE_MS, on_lookup, d);
	if (d->count > 0)
		begin_next(d);
	return d;
}

void dial_close(struct dial *d)
{
	if (d)
		release(d);
}
