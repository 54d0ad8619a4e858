/* One listener for each port of the mapping and each address of "bind"; what they accept are
 * visitors. */
#include "relay/doors/spliced_visitors.h"

#include "shared/base/file.h"
#include "shared/base/mem.h"
#include "shared/net/listener.h"

struct tcp_door {
	struct door door;
	struct listener **listeners;
	size_t listener_count;
	struct spliced_visitors visitors;
};

static struct tcp_door *tcp(struct door *d)
{
	return (struct tcp_door *)d;
}

static void on_accept(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct tcp_door *t = owner;
	spliced_visitors_let_in(&t->visitors,
				io_take(t->door.tenant->worker->loop, fd, peer, local, NULL, NULL),
				local, "");
}

static void clear(struct door *d, bool graceful, enum reset_code code)
{
	spliced_visitors_clear(&tcp(d)->visitors, graceful, code);
}

/* --- listeners --- */

static int listen_at_one(struct door *d, const struct addr *at, bool v6only)
{
	struct tcp_door *t = tcp(d);
	int err;
	char *why = NULL;
	struct listener *l = listener_open(d->tenant->worker->loop, at, v6only, on_accept, t, &err,
					   door_is_asked(d) ? NULL : &why);
	if (!l) {
		door_fail(d, err, why);
		return err;
	}
	t->listeners = mem_resize(t->listeners, (t->listener_count + 1) * sizeof *t->listeners);
	t->listeners[t->listener_count++] = l;
	listener_leave(l, file_limit_for_visitors());
	return 0;
}

static void init(struct door *d)
{
	spliced_visitors_init(&tcp(d)->visitors, d);
}

static int begin_listening(struct door *d)
{
	return door_each_address(d, listen_at_one);
}

static void stop_listening(struct door *d)
{
	struct tcp_door *t = tcp(d);
	for (size_t i = 0; i < t->listener_count; i++)
		listener_close(t->listeners[i]);
	mem_free(t->listeners);
	t->listeners = NULL;
	t->listener_count = 0;
}

static void rest(struct door *d)
{
	for (size_t i = 0; i < tcp(d)->listener_count; i++)
		listener_rest(tcp(d)->listeners[i]);
}

static void wake(struct door *d)
{
	for (size_t i = 0; i < tcp(d)->listener_count; i++)
		listener_resume(tcp(d)->listeners[i]);
}

static void fini(struct door *d)
{
	spliced_visitors_fini(&tcp(d)->visitors);
}

const struct door_kind TCP_DOOR = {
    .size = sizeof(struct tcp_door),
    .init = init,
    .open = begin_listening,
    .close = stop_listening,
    .rest = rest,
    .wake = wake,
    .clear = clear,
    .fini = fini,
};
