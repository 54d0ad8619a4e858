/*
 * The doors of tls and https mappings. The shared ports have read the name in the ClientHello and
 * put the bytes back; from here they go through as they are. A door with a port of its own sends
 * its newcomers to the shared ports, too.
 *
 * A CA that validates an https mapping's name (tls-alpn-01, RFC 8737) is let in whatever the
 * mapping's `allow`, connections and rates are: it offers nothing but acme-tls/1, and the agent
 * gives it nothing but the certificate that it looks for.
 */
#include "shared/net/client_hello.h"
#include "relay/doors/shared_ports.h"
#include "relay/doors/passthrough_door.h"

#include "shared/base/text.h"
#include "shared/net/lingering_close.h"

#include <string.h>

/* Reads again what the shared port has read and put back. */
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

/* A probe has our own word in ALPN, and never reaches the service, armed or not. */
static void answer_probe(struct door *d, struct io *io, const struct client_hello *hello)
{
	struct buf out = BUF_INIT;
	uint64_t now_ms = loop_now_ms(io_loop(io));
	for (int i = 0; d->probes && i < AWAITED_PROBES_MOST; i++) {
		const struct armed_probe *p = &d->probes->items[i];
		char hex[2 * REACHABILITY_PROBE_NONCE + 1];
		text_hex(p->nonce, REACHABILITY_PROBE_NONCE, hex);
		if (now_ms < p->until_ms && client_hello_has_alpn(hello, hex) && !buf_len(&out))
			reachability_probe_record(p->proof, &out);
	}
	if (buf_len(&out))
		lingering_close_say(io, &out);
	else /* a stranger's: nobody counts it, so it may not stay */
		io_close(io);
}

static void take(struct door *d, struct io_parcel *parcel, struct http_gateway *gateway)
{
	(void)gateway;
	struct io *io = io_unpack(d->tenant->worker->loop, parcel, NULL, NULL);
	struct addr local = *io_local(io);
	struct client_hello sni;
	read_name(io, &sni);
	if (client_hello_has_alpn(&sni, REACHABILITY_PROBE_ALPN)) {
		answer_probe(d, io, &sni);
		return;
	}
	bool https = d->mapping.protocol == MAPPING_HTTPS;
	if (https && client_hello_offers_only(&sni, TLS_CONTEXT_ALPN_ACME)) {
		passthrough_door_let_in_validator(d, io, &local);
		return;
	}
	bool named = https || d->mapping.proxy_protocol == 2;
	named &= strlen(sni.host) <= FRAME_NAME_MAX;
	passthrough_door_let_in(d, io, &local, named ? sni.host : "");
}

static void turn_away(struct door *d, struct io_parcel *parcel, struct http_gateway *gateway)
{
	(void)gateway;
	shared_ports_alert(d->tenant->worker->loop, parcel, CLIENT_HELLO_INTERNAL_ERROR);
}

const struct door_kind TLS_DOOR = {
    .size = sizeof(struct passthrough_door),
    .init = passthrough_door_init,
    .clear = passthrough_door_clear,
    .cut = passthrough_door_cut,
    .slow = &PASSTHROUGH_DOOR_SLOW,
    .fini = passthrough_door_fini,
    .take = take,
    .turn_away = turn_away,
};

/* --- with a port of its own --- */

static void on_accept(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct door *d = owner;
	struct worker *w = d->tenant->worker;
	congestion_control_set(fd, w->config->congestion_used);
	shared_ports_take_tls(w->context, io_pack(io_take(w->loop, fd, peer, local, NULL, NULL)));
}

static void *listen_at(struct door *d, const struct addr *at, bool v6only, int *err, char **why)
{
	return passthrough_door_listen(d, at, v6only, on_accept, err, why);
}

const struct door_kind TLS_PORT_DOOR = {
    .size = sizeof(struct passthrough_door),
    .init = passthrough_door_init,
    .listen = listen_at,
    .unlisten = passthrough_door_unlisten,
    .rest = passthrough_door_rest,
    .wake = passthrough_door_wake,
    .clear = passthrough_door_clear,
    .cut = passthrough_door_cut,
    .slow = &PASSTHROUGH_DOOR_SLOW,
    .fini = passthrough_door_fini,
    .take = take,
    .turn_away = turn_away,
};
