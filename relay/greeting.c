#include "relay/greeting.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/farewell.h"

static void on_unpacked(void *owner, enum io_event event)
{
	(void)owner, (void)event; /* nobody watches before the trunk */
}

struct greeting *greeting_new(struct io_parcel *parcel, const struct hello *hello,
			      struct buf *early)
{
	struct greeting *g = mem_zalloc(sizeof *g);
	g->parcel = parcel;
	g->hello = *hello;
	g->early = *early;
	*early = (struct buf)BUF_INIT;
	return g;
}

void greeting_unpack(struct greeting *g, struct loop *l)
{
	g->io = io_unpack(l, g->parcel, on_unpacked, NULL);
	g->parcel = NULL;
}

bool greeting_is_gone(const struct greeting *g)
{
	return io_error(g->io) != 0;
}

static void forget(struct greeting *g)
{
	buf_fini(&g->early);
	mem_wipe(&g->hello, sizeof g->hello);
	mem_free(g);
}

void greeting_drop(struct greeting *g)
{
	io_close(g->io);
	forget(g);
}

void greeting_refuse(struct greeting *g, enum refuse_code code, const char *reason,
		     uint32_t retry_ms)
{
	struct buf frame = BUF_INIT;
	refuse_put(code, reason, retry_ms, &frame);
	farewell_say(g->io, &frame);
	forget(g);
}

static bool say(struct greeting *g, const struct welcome *w)
{
	struct buf frame = BUF_INIT;
	welcome_write(w, &frame);
	bool whole = io_write(g->io, buf_data(&frame), buf_len(&frame)) == (ssize_t)buf_len(&frame);
	buf_fini(&frame);
	return whole;
}

int greeting_welcome(struct greeting *g, struct trunk *k, const struct welcome *w)
{
	uint64_t taken = w->resumed ? g->hello.taken : 0;
	int err = say(g, w) ? 0 : ERR_CLOSED;
	if (err == 0)
		err = trunk_attach(k, g->io, taken, g->hello.receive_budget, buf_data(&g->early),
				   buf_len(&g->early));
	if (err < 0)
		io_close(g->io);
	forget(g);
	return err;
}
