#include "relay/agents/pending_agent.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/lingering_close.h"

static void on_unpacked(void *owner, enum io_event event)
{
	(void)owner, (void)event; /* nobody watches before the trunk */
}

struct pending_agent *pending_agent_new(struct io_parcel *parcel, const struct hello *hello,
					struct buf *early)
{
	struct pending_agent *g = mem_zalloc(sizeof *g);
	g->parcel = parcel;
	g->hello = *hello;
	g->early = *early;
	*early = (struct buf)BUF_INIT;
	return g;
}

void pending_agent_unpack(struct pending_agent *g, struct loop *l)
{
	g->io = io_unpack(l, g->parcel, on_unpacked, NULL);
	g->parcel = NULL;
}

bool pending_agent_is_gone(const struct pending_agent *g)
{
	return io_error(g->io) != 0;
}

static void forget(struct pending_agent *g)
{
	buf_fini(&g->early);
	mem_wipe(&g->hello, sizeof g->hello);
	mem_free(g);
}

void pending_agent_drop(struct pending_agent *g)
{
	io_close(g->io);
	forget(g);
}

void pending_agent_refuse(struct pending_agent *g, enum refuse_code code, const char *reason,
			  uint32_t retry_ms)
{
	struct buf frame = BUF_INIT;
	refuse_put(code, reason, retry_ms, &frame);
	lingering_close_say(g->io, &frame);
	forget(g);
}

static bool say(struct pending_agent *g, const struct welcome *w)
{
	struct buf frame = BUF_INIT;
	welcome_write(w, &frame);
	bool whole = io_write(g->io, buf_data(&frame), buf_len(&frame)) == (ssize_t)buf_len(&frame);
	buf_fini(&frame);
	return whole;
}

int pending_agent_welcome(struct pending_agent *g, struct transport *k, const struct welcome *w)
{
	uint64_t taken = w->resumed ? g->hello.taken : 0;
	int err = say(g, w) ? 0 : ERR_CLOSED;
	if (err == 0)
		err = transport_attach(k, g->io, taken, g->hello.receive_budget,
				       buf_data(&g->early), buf_len(&g->early));
	if (err < 0)
		io_close(g->io);
	forget(g);
	return err;
}
