/* The door of a tls mapping: the front has read the name in the ClientHello and put the bytes back;
 * from here they go through as they are. */
#include "relay/doors/front.h"
#include "relay/doors/sni.h"
#include "relay/doors/visitors.h"

#include <string.h>

struct tls_door {
	struct mapping_door door;
	struct visitors visitors;
};

static struct tls_door *tls(struct mapping_door *d)
{
	return (struct tls_door *)d;
}

static void init(struct mapping_door *d)
{
	visitors_init(&tls(d)->visitors, d);
}

/* What the front has read and put back, read once more. */
static void read_name(struct io *io, struct sni *sni)
{
	uint8_t *p = loop_plain(io_loop(io));
	ssize_t len = io_read(io, p, SNI_BYTES_MAX);
	sni_init(sni);
	if (len > 0) {
		sni_read(sni, p, (size_t)len);
		io_unread(io, p, (size_t)len);
	}
}

static void take(struct mapping_door *d, struct io_parcel *parcel, struct http_relay *machine)
{
	(void)machine;
	struct io *io = io_unpack(home_loop(d->home), parcel, NULL, NULL);
	struct addr local = *io_local(io);
	struct sni sni = {.host = ""};
	if (d->mapping.proxy_protocol == 2)
		read_name(io, &sni);
	visitors_let_in(&tls(d)->visitors, io, &local,
			strlen(sni.host) <= FRAME_NAME_MAX ? sni.host : "");
}

static void turn_away(struct mapping_door *d, struct io_parcel *parcel, struct http_relay *machine)
{
	(void)machine;
	front_alert(home_loop(d->home), parcel, SNI_INTERNAL_ERROR);
}

static void clear(struct mapping_door *d, bool graceful, enum reset_code code)
{
	visitors_clear(&tls(d)->visitors, graceful, code);
}

static void fini(struct mapping_door *d)
{
	visitors_fini(&tls(d)->visitors);
}

const struct door_kind TLS_DOOR = {
    .size = sizeof(struct tls_door),
    .init = init,
    .clear = clear,
    .fini = fini,
    .take = take,
    .turn_away = turn_away,
};
