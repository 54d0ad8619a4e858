#include "relay/agents/agent_admission.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/lingering_close.h"

static void on_unpacked(void *owner, enum io_event event)
{
	(void)owner, (void)event; /* nobody watches before the transport does */
}

struct agent_admission *agent_admission_new(struct io_parcel *parcel, const struct hello *hello,
					    struct buf *early)
{
	struct agent_admission *p = mem_zalloc(sizeof *p);
	p->parcel = parcel;
	p->hello = *hello;
	p->early = *early;
	*early = (struct buf)BUF_INIT;
	return p;
}

void agent_admission_unpack(struct agent_admission *p, struct loop *l)
{
	p->io = io_unpack(l, p->parcel, on_unpacked, NULL);
	p->parcel = NULL;
}

bool agent_admission_is_gone(const struct agent_admission *p)
{
	return io_error(p->io) != 0;
}

static void forget(struct agent_admission *p)
{
	buf_fini(&p->early);
	mem_wipe(&p->hello, sizeof p->hello);
	mem_free(p);
}

void agent_admission_drop(struct agent_admission *p)
{
	io_parcel_free(p->parcel);
	io_close(p->io);
	forget(p);
}

void agent_admission_refuse(struct agent_admission *p, enum refuse_code code, const char *reason,
			    uint32_t retry_ms)
{
	struct buf frame = BUF_INIT;
	refuse_put(code, reason, retry_ms, &frame);
	lingering_close_say(p->io, &frame);
	forget(p);
}

static bool say(struct agent_admission *p, const struct welcome *w)
{
	struct buf frame = BUF_INIT;
	welcome_write(w, &frame);
	bool whole = io_write(p->io, buf_data(&frame), buf_len(&frame)) == (ssize_t)buf_len(&frame);
	buf_fini(&frame);
	return whole;
}

int agent_admission_welcome(struct agent_admission *p, struct transport *k, const struct welcome *w)
{
	uint64_t taken = w->resumed ? p->hello.taken : 0;
	tunnel_use_reserve(transport_tunnel(k), capabilities_has(p->hello.can, CAPABILITY_RESERVE));
	int err = say(p, w) ? 0 : ERR_CLOSED;
	if (err == 0)
		err = transport_attach(k, p->io, taken, p->hello.receive_budget,
				       buf_data(&p->early), buf_len(&p->early));
	if (err < 0)
		io_close(p->io);
	forget(p);
	return err;
}
