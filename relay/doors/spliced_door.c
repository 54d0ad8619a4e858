#include "relay/doors/spliced_door.h"

#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include <string.h>

enum { SWEEP_MS = 1000 };

struct visitor {
	struct list node;
	struct door *door;
	struct splice *splice;
	struct addr peer;
	struct splice_count count;
	uint64_t since_ms;
};

static struct spliced_door *spliced(struct door *d)
{
	return (struct spliced_door *)d;
}

static void leave(struct visitor *v, const char *why)
{
	door_log_end(v->door, &v->peer, &v->count, v->since_ms, why);
	list_remove(&v->node);
	door_leave(v->door);
	mem_free(v);
}

static void on_end(void *owner, const struct splice_end *end)
{
	leave(owner, splice_end_text(end));
}

static void on_sweep(void *owner)
{
	struct spliced_door *all = owner;
	struct door *d = &all->door;
	uint64_t now = loop_now_ms(d->tenant->worker->loop),
		 most = (uint64_t)d->mapping.idle_s * 1000;
	if (!tenant_is_attached(d->tenant))
		all->attached_ms = now;
	LIST_EACH(node, &all->visitors)
	{
		struct visitor *v = LIST_ENTRY(node, struct visitor, node);
		uint64_t moved = splice_moved_ms(v->splice);
		if (most && now >= (moved > all->attached_ms ? moved : all->attached_ms) + most) {
			splice_cut(v->splice, RESET_IDLE);
			leave(v, reset_text(RESET_IDLE));
		}
	}
	if (most && !list_is_empty(&all->visitors))
		timer_set(all->sweep, SWEEP_MS);
}

void spliced_door_init(struct door *d)
{
	list_init(&spliced(d)->visitors);
	spliced(d)->sweep = timer_new(d->tenant->worker->loop, on_sweep, d);
}

void spliced_door_fini(struct door *d)
{
	timer_close(spliced(d)->sweep);
}

void spliced_door_let_in(struct door *d, struct io *io, const struct addr *local, const char *name)
{
	enum door_entry entry = door_enter(d, io_peer(io));
	if (entry != DOOR_ENTERED) {
		char text[ADDR_TEXT];
		log_debug("visitor_refused", "mapping=%s visitor=%s why=%s", d->mapping.name,
			  addr_ip_text(io_peer(io), text), door_entry_text(entry));
		io_reset(io);
		return;
	}
	struct visitor *v = mem_alloc(sizeof *v);
	*v = (struct visitor){.door = d,
			      .peer = *io_peer(io),
			      .count.whole = &d->count,
			      .since_ms = loop_now_ms(d->tenant->worker->loop)};
	list_append(&spliced(d)->visitors, &v->node);
	struct transport *k = d->tenant->transport;
	struct open_info info = {.mapping = d->mapping.id,
				 .visitor = *io_peer(io),
				 .visited = *local,
				 .name = name,
				 .name_len = strlen(name)};
	struct stream *stream = stream_open(transport_tunnel(k), &info, NULL, NULL);
	v->splice = splice_new(k, io, stream, &v->count, on_end, v);
	splice_shape(v->splice, door_shaper(d));
	transport_mark(k);
	if (d->mapping.idle_s && !timer_is_set(spliced(d)->sweep))
		timer_set(spliced(d)->sweep, SWEEP_MS);
	door_crowd(d);
}

void spliced_door_clear(struct door *d, bool graceful, enum reset_code code)
{
	struct list *all = &spliced(d)->visitors;
	while (!list_is_empty(all)) {
		struct visitor *v = LIST_ENTRY(all->next, struct visitor, node);
		if (graceful)
			splice_abandon(v->splice);
		else
			splice_cut(v->splice, code);
		leave(v, graceful ? DOOR_SESSION_ENDED : reset_text(code));
	}
}
