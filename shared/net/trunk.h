/*
 * A tunnel on a loop: carries it over whichever link it has now. The link is a TLS io on which
 * HELLO and WELCOME have been said; links come and go, the trunk and its streams stay. Both ends
 * use this one code path; what differs is in the rules of the pulse.
 *
 * Work is done once per turn of the loop: whoever changes a fact on a stream says trunk_mark().
 */
#ifndef GROUNDNUT_NET_TRUNK_H
#define GROUNDNUT_NET_TRUNK_H

#include "shared/net/io.h"
#include "shared/tunnel/pulse.h"
#include "shared/tunnel/tunnel.h"

struct trunk;

enum trunk_event {
	/* the link is gone (and closed): trunk_why() says why. The session is whole */
	TRUNK_LOST,
	TRUNK_OVER,    /* the peer broke the session's rules: link and session are to be given up */
	TRUNK_SUSPECT, /* the link has been silent for too long */
	TRUNK_ALIVE,   /* … and now it lives again */
};
/* Events come from the loop; the owner may free the trunk inside LOST and OVER. */
typedef void trunk_fn(void *owner, enum trunk_event event);

struct trunk *trunk_new(struct loop *l, const struct tunnel_config *config,
			const struct pulse_rules *rules, trunk_fn *fn, void *owner, tunnel_fn *news,
			void *news_owner);
/* Closes the link at once; every stream's owner is told (STREAM_LOOK, reset). */
void trunk_free(struct trunk *k);

/* Take io (owned from now on) as the link. early: bytes read behind WELCOME or HELLO. 0;
 * ERR_RANGE with io untouched: the numbers do not fit, and io stays the caller's. What early
 * holds is read in the next turn. */
int trunk_attach(struct trunk *k, struct io *io, uint64_t peer_taken, uint64_t peer_budget,
		 const void *early, size_t early_len);
/* Drop the link with all its unread bytes; nothing is told. */
void trunk_detach(struct trunk *k);
/* Say why, with the link's last words (farewell.h), and be detached. */
void trunk_bye(struct trunk *k, const char *why);
void trunk_refuse(struct trunk *k, const struct buf *frame);
/* Inside news, which cannot end a link: it is lost as soon as the news are out. why: ERR_SESSION,
 * if the session's frames were wrong. */
void trunk_break(struct trunk *k, int why);

void trunk_mark(struct trunk *k);
struct tunnel *trunk_tunnel(struct trunk *k);
struct loop *trunk_loop(const struct trunk *k);
bool trunk_is_attached(const struct trunk *k);
bool trunk_is_suspect(const struct trunk *k);
void trunk_doubt(struct trunk *k); /* suspect at once */
void trunk_probe(struct trunk *k); /* PING now, whatever the rules say */
/* when the link (or the last one) last lived, by loop_now_ms() */
uint64_t trunk_life_ms(const struct trunk *k);
uint64_t trunk_heard_ms(const struct trunk *k); /* … and last brought a byte */
uint32_t trunk_rtt_ms(const struct trunk *k);
uint32_t trunk_silence_ms(const struct trunk *k); /* how long is too long */
/* the least silence that makes suspect */
void trunk_set_patience(struct trunk *k, uint32_t least_ms);
int trunk_why(const struct trunk *k);
/* More datagrams are to be read from their sockets now: few wait; or the link is slow, and the
 * newest are to win. Otherwise the sockets keep them until the next turn, by when some have
 * left. */
bool trunk_wants_datagrams(const struct trunk *k);
struct io *trunk_io(const struct trunk *k); /* the link; NULL while detached */

#endif
