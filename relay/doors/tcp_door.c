/* The door of a tcp mapping: what its listeners accept are visitors. */
#include "relay/doors/spliced_door.h"

static void on_accept(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct door *d = owner;
	congestion_set(fd, d->tenant->worker->config->congestion_used);
	struct io *io = io_take(d->tenant->worker->loop, fd, peer, local, NULL, NULL);
	spliced_door_let_in(d, io, local, "");
}

static void *listen_at(struct door *d, const struct addr *at, bool v6only, int *err, char **why)
{
	return spliced_door_listen(d, at, v6only, on_accept, err, why);
}

const struct door_kind TCP_DOOR = {
    .size = sizeof(struct spliced_door),
    .init = spliced_door_init,
    .listen = listen_at,
    .unlisten = spliced_door_unlisten,
    .rest = spliced_door_rest,
    .wake = spliced_door_wake,
    .clear = spliced_door_clear,
    .slow = &SPLICED_DOOR_SLOW,
    .fini = spliced_door_fini,
};
