/*
 * A tunnel on a loop: carries it over the link that it has now. The link is a TLS io on which HELLO
 * and WELCOME have been said. Links come and go; the transport, its tunnel and its streams stay.
 * Both ends use this one code path; they differ in the rules of keepalive.
 *
 * Work is done once per turn of the loop: transport_mark() after a change to a stream.
 */
#ifndef GROUNDNUT_NET_TRANSPORT_H
#define GROUNDNUT_NET_TRANSPORT_H

#include "shared/net/congestion_control.h"
#include "shared/net/io.h"
#include "shared/tunnel/keepalive.h"
#include "shared/tunnel/tunnel.h"

struct transport;

enum transport_event {
	/* the link is gone (and closed): transport_why() says why. The session is whole */
	TRANSPORT_LOST,
	/* the peer broke the session's rules: link and session are to be given up */
	TRANSPORT_OVER,
	TRANSPORT_SUSPECT, /* the link has been silent for too long */
	TRANSPORT_ALIVE,   /* … and now it lives again */
};
/* Events come from the loop; the owner may free the transport inside LOST and OVER. */
typedef void transport_fn(void *owner, enum transport_event event);

struct transport *transport_new(struct loop *l, const struct tunnel_config *config,
				const struct keepalive_rules *rules, transport_fn *fn, void *owner,
				tunnel_fn *news, void *news_owner);
/* Closes the link at once; every stream's owner is told (STREAM_LOOK, reset). */
void transport_free(struct transport *k);

/* Take io (owned from now on) as the link. early: bytes read behind WELCOME or HELLO; they are read
 * in the next turn. 0; ERR_RANGE with io untouched: the numbers do not fit, and io stays the
 * caller's. */
int transport_attach(struct transport *k, struct io *io, uint64_t peer_taken, uint64_t peer_budget,
		     const void *early, size_t early_len);
/* Drop the link with all its unread bytes; nothing is told. */
void transport_detach(struct transport *k);
/* Say why, as the link's last words (lingering_close.h), and be detached. */
void transport_bye(struct transport *k, const char *why);
void transport_refuse(struct transport *k, const struct buf *frame);
/* For use inside news, which cannot end a link: the link is lost as soon as the news has been told.
 * why is ERR_SESSION if the session's frames were wrong. */
void transport_break(struct transport *k, int why);

void transport_mark(struct transport *k);
struct tunnel *transport_tunnel(struct transport *k);
struct loop *transport_loop(const struct transport *k);
struct io *transport_io(const struct transport *k); /* the link; NULL while detached */
/* what the kernel says that the link uses; NULL: there is no link, or the kernel does not say */
const char *transport_congestion(const struct transport *k, char out[CONGESTION_CONTROL_NAME]);
bool transport_is_attached(const struct transport *k);
int transport_why(const struct transport *k);
/* Of the link, or of the last one: when it lived, and whether it is suspect (false when there is no
 * link). */
const struct keepalive *transport_keepalive(const struct transport *k);
void transport_doubt(struct transport *k); /* suspect at once */
void transport_probe(struct transport *k); /* PING now, whatever the rules say */
/* the least silence that makes suspect, for this link and the next ones */
void transport_set_silence(struct transport *k, uint32_t least_ms);
/* Whether more datagrams are to be read from their sockets now: few wait here, or the link is slow
 * and the newest are to win. Otherwise the sockets keep them until the next turn, when some have
 * left. */
bool transport_wants_datagrams(const struct transport *k);

#endif
