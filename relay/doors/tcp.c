/* One listener for each port of the mapping and each address of "bind"; what they accept are
 * visitors. */
#include "relay/doors/visitors.h"

#include "shared/base/file.h"
#include "shared/base/mem.h"
#include "shared/net/listen.h"

struct tcp_door {
	struct mapping_door door;
	struct listener **listeners;
	size_t listener_count;
	struct visitors visitors;
};

static struct tcp_door *tcp(struct mapping_door *d)
{
	return (struct tcp_door *)d;
}

static void on_accept(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct tcp_door *t = owner;
	visitors_let_in(&t->visitors, io_take(home_loop(t->door.home), fd, peer, local, NULL, NULL),
			local, "");
}

static void clear(struct mapping_door *d, bool graceful, enum reset_code code)
{
	visitors_clear(&tcp(d)->visitors, graceful, code);
}

/* --- listeners --- */

static int listen_at_one(struct mapping_door *d, const struct addr *at, bool v6only)
{
	struct tcp_door *t = tcp(d);
	int err;
	char *why = NULL;
	struct listener *l = listen_open(home_loop(d->home), at, v6only, on_accept, t, &err,
					 mapping_door_is_asked(d) ? NULL : &why);
	if (!l) {
		mapping_door_fail(d, err, why);
		return err;
	}
	t->listeners = mem_resize(t->listeners, (t->listener_count + 1) * sizeof *t->listeners);
	t->listeners[t->listener_count++] = l;
	listen_leave(l, file_limit_for_visitors());
	return 0;
}

static void init(struct mapping_door *d)
{
	visitors_init(&tcp(d)->visitors, d);
}

static int begin_listening(struct mapping_door *d)
{
	return mapping_door_each_address(d, listen_at_one);
}

static void stop_listening(struct mapping_door *d)
{
	struct tcp_door *t = tcp(d);
	for (size_t i = 0; i < t->listener_count; i++)
		listen_close(t->listeners[i]);
	mem_free(t->listeners);
	t->listeners = NULL;
	t->listener_count = 0;
}

static void rest(struct mapping_door *d)
{
	for (size_t i = 0; i < tcp(d)->listener_count; i++)
		listen_rest(tcp(d)->listeners[i]);
}

static void wake(struct mapping_door *d)
{
	for (size_t i = 0; i < tcp(d)->listener_count; i++)
		listen_resume(tcp(d)->listeners[i]);
}

static void fini(struct mapping_door *d)
{
	visitors_fini(&tcp(d)->visitors);
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
