/*
 * The door lets a visitor in and counts it. A stream is opened and spliced to the socket. The
 * visitor leaves when one of the two ends, or when it is ended.
 *
 * A visitor is ended when it has been idle for the mapping's time, when it is slow and its room is
 * needed, when the operator cuts it off, and with the session or the mapping.
 */
#include "relay/doors/passthrough_door.h"

#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include <string.h>

enum { SWEEP_MS = 1000 };

struct visitor {
	struct slow_visitors_member member;
	struct door *door;
	struct door_visitor inside;
	struct splice *splice;
	struct eviction_queue_member validator; /* of a CA: in passthrough_door.validators */
	bool is_validator;
};

static struct passthrough_door *spliced(struct door *d)
{
	return (struct passthrough_door *)d;
}

static void leave(struct visitor *v, const char *why)
{
	door_visitor_end(v->door, &v->inside, why);
	slow_visitors_remove(v->door->slow, &v->member);
	if (v->is_validator)
		eviction_queue_leave(spliced(v->door)->validators, &v->validator);
	else
		door_leave(v->door);
	mem_free(v);
}

static struct slow_visitors_sight look(struct slow_visitors_member *m)
{
	const struct visitor *v = LIST_ENTRY(m, const struct visitor, member);
	return (struct slow_visitors_sight){
	    .waits = splice_waits_for_socket(v->splice),
	    .holds_memory = true,
	    .progress = splice_delivered(v->splice),
	};
}

static void end_slow(struct slow_visitors_member *m, int64_t lag_ms)
{
	struct visitor *v = LIST_ENTRY(m, struct visitor, member);
	door_say_slow(v->door, &m->from, lag_ms);
	splice_cut(v->splice, RESET_IDLE);
	leave(v, "too slow");
}

const struct slow_visitors_kind PASSTHROUGH_DOOR_SLOW = {.look = look, .end = end_slow};

static void on_end(void *owner, const struct splice_end *end)
{
	leave(owner, splice_end_text(end));
}

static void on_sweep(void *owner)
{
	struct passthrough_door *all = owner;
	struct door *d = &all->door;
	uint64_t now = loop_now_ms(d->tenant->worker->loop),
		 most = (uint64_t)d->mapping.idle_s * 1000;
	if (!door_owner_is_attached(d->tenant))
		all->attached_ms = now;
	LIST_EACH(node, &d->inside)
	{
		struct visitor *v = LIST_ENTRY(node, struct visitor, inside.node);
		uint64_t moved = splice_moved_ms(v->splice);
		if (most && now >= (moved > all->attached_ms ? moved : all->attached_ms) + most) {
			splice_cut(v->splice, RESET_IDLE);
			leave(v, reset_text(RESET_IDLE));
		}
	}
	if (most && d->inside_count)
		timer_set(all->sweep, SWEEP_MS);
}

void passthrough_door_init(struct door *d)
{
	spliced(d)->sweep = timer_new(d->tenant->worker->loop, on_sweep, d);
}

void passthrough_door_fini(struct door *d)
{
	timer_close(spliced(d)->sweep);
	eviction_queue_free(spliced(d)->validators);
}

void *passthrough_door_listen(struct door *d, const struct addr *at, bool v6only, listener_fn *fn,
			      int *err, char **why)
{
	struct listener *l = listener_open(d->tenant->worker->loop, at, v6only, fn, d, err, why);
	if (l)
		listener_leave(l, file_limit_for_visitors());
	return l;
}

void passthrough_door_unlisten(void *socket)
{
	listener_close(socket);
}

void passthrough_door_rest(void *socket)
{
	listener_rest(socket);
}

void passthrough_door_wake(void *socket)
{
	listener_resume(socket);
}

static void refuse(const struct door *d, struct io *io, const char *why)
{
	char text[ADDR_TEXT];
	log_debug("visitor_refused", "mapping=%s visitor=%s why=%s", d->mapping.name,
		  addr_ip_text(io_peer(io), text), why);
	io_reset(io);
}

static struct visitor *begin(struct door *d, struct io *io, const struct addr *local,
			     const char *name)
{
	struct visitor *v = mem_alloc(sizeof *v);
	*v = (struct visitor){.door = d};
	door_add_slow(d, &v->member, io_peer(io));
	door_visitor_begin(d, &v->inside, &v->member.from);
	struct transport *k = d->tenant->transport;
	struct open_info info = {.mapping = d->mapping.id,
				 .visitor = *io_peer(io),
				 .visited = *local,
				 .name = name,
				 .name_len = strlen(name)};
	struct stream *stream = stream_open(transport_tunnel(k), &info, NULL, NULL);
	v->splice = splice_new(k, io, stream, &v->inside.count, on_end, v);
	splice_shape(v->splice, door_shaper(d));
	transport_mark(k);
	if (d->mapping.idle_s && !timer_is_set(spliced(d)->sweep))
		timer_set(spliced(d)->sweep, SWEEP_MS);
	return v;
}

void passthrough_door_let_in(struct door *d, struct io *io, const struct addr *local,
			     const char *name)
{
	enum door_entry entry = door_enter(d, io_peer(io));
	if (entry != DOOR_ENTERED) {
		refuse(d, io, door_entry_text(entry));
		return;
	}
	begin(d, io, local, name);
	door_crowd(d);
	door_watch(d);
}

/* Anybody may look like a CA: a crowd ends its own. */
static void make_room_for_validator(struct eviction_queue *validators)
{
	if (eviction_queue_count(validators) < PASSTHROUGH_DOOR_VALIDATORS)
		return;
	struct visitor *first =
	    LIST_ENTRY(eviction_queue_first(validators), struct visitor, validator);
	splice_cut(first->splice, RESET_NO_ROOM);
	leave(first, reset_text(RESET_NO_ROOM));
}

void passthrough_door_let_in_validator(struct door *d, struct io *io, const struct addr *local)
{
	struct passthrough_door *all = spliced(d);
	if (!all->validators)
		all->validators = eviction_queue_new();
	make_room_for_validator(all->validators);
	struct visitor *v = begin(d, io, local, "");
	v->is_validator = true;
	eviction_queue_join(all->validators, &v->validator, &v->member.from);
}

void passthrough_door_cut(struct door *d, struct door_visitor *inside)
{
	struct visitor *v = LIST_ENTRY(inside, struct visitor, inside);
	(void)d;
	splice_cut(v->splice, RESET_ABORTED);
	leave(v, DOOR_CUT_OFF);
}

void passthrough_door_clear(struct door *d, bool graceful, enum reset_code code)
{
	while (!list_is_empty(&d->inside)) {
		struct visitor *v = LIST_ENTRY(d->inside.next, struct visitor, inside.node);
		if (graceful)
			splice_abandon(v->splice);
		else
			splice_cut(v->splice, code);
		leave(v, graceful ? DOOR_SESSION_ENDED : reset_text(code));
	}
}
