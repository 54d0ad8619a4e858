/* The door of a tcp mapping: what its listeners accept are visitors. */
#include "relay/doors/spliced_door.h"

#include "shared/base/file.h"
#include "shared/net/listener.h"

static void on_accept(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct door *d = owner;
	congestion_set(fd, d->tenant->worker->config->congestion_used);
	struct io *io = io_take(d->tenant->worker->loop, fd, peer, local, NULL, NULL);
	spliced_door_let_in(d, io, local, "");
}

static void *listen_at(struct door *d, const struct addr *at, bool v6only, int *err, char **why)
{
	struct listener *l =
	    listener_open(d->tenant->worker->loop, at, v6only, on_accept, d, err, why);
	if (l)
		listener_leave(l, file_limit_for_visitors());
	return l;
}

static void unlisten(void *socket)
{
	listener_close(socket);
}

static void rest(void *socket)
{
	listener_rest(socket);
}

static void wake(void *socket)
{
	listener_resume(socket);
}

const struct door_kind TCP_DOOR = {
    .size = sizeof(struct spliced_door),
    .init = spliced_door_init,
    .listen = listen_at,
    .unlisten = unlisten,
    .rest = rest,
    .wake = wake,
    .clear = spliced_door_clear,
    .relief = &SPLICED_DOOR_RELIEF,
    .fini = spliced_door_fini,
};
