/* The door of a tls mapping. The shared port has read the name in the ClientHello and put the bytes
 * back; from here they go through as they are. */
#include "relay/doors/client_hello.h"
#include "relay/doors/shared_ports.h"
#include "relay/doors/spliced_door.h"

#include <string.h>

/* What the shared port has read and put back, read once more. */
static void read_name(struct io *io, struct client_hello *sni)
{
	uint8_t *p = loop_plain(io_loop(io));
	ssize_t len = io_read(io, p, CLIENT_HELLO_BYTES_MAX);
	client_hello_init(sni);
	if (len > 0) {
		client_hello_read(sni, p, (size_t)len);
		io_unread(io, p, (size_t)len);
	}
}

static void take(struct door *d, struct io_parcel *parcel, struct http_gateway *gateway)
{
	(void)gateway;
	struct io *io = io_unpack(d->tenant->worker->loop, parcel, NULL, NULL);
	struct addr local = *io_local(io);
	struct client_hello sni = {.host = ""};
	if (d->mapping.proxy_protocol == 2)
		read_name(io, &sni);
	spliced_door_let_in(d, io, &local, strlen(sni.host) <= FRAME_NAME_MAX ? sni.host : "");
}

static void turn_away(struct door *d, struct io_parcel *parcel, struct http_gateway *gateway)
{
	(void)gateway;
	shared_ports_alert(d->tenant->worker->loop, parcel, CLIENT_HELLO_INTERNAL_ERROR);
}

const struct door_kind TLS_DOOR = {
    .size = sizeof(struct spliced_door),
    .init = spliced_door_init,
    .clear = spliced_door_clear,
    .relief = &SPLICED_DOOR_RELIEF,
    .fini = spliced_door_fini,
    .take = take,
    .turn_away = turn_away,
};
