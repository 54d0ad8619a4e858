/*
 * A tunnel: many streams over one session, each with its own credit, in fair turns. Pure: no
 * socket, no loop, no clock; the same code at both ends, told apart only by the numbers in
 * tunnel_config.
 *
 * Sending. Nothing is written ahead of the link: what an owner asks for (open, finish, reset,
 * credit) is a fact on its stream, and becomes frames only in tunnel_fill(), which the link calls
 * when it has room for a batch. Streams that have said stream_ready() are given turns there
 * (STREAM_TURN), in which they read their socket straight into the outbox: stream_reserve(),
 * stream_commit(), or stream_idle() when the socket is empty. Then tunnel_peek()/tunnel_sent() hand
 * the bytes to the link.
 *
 * Receiving. tunnel_input() takes what the link read. A stream with news is told to look:
 * stream_peek()/stream_consume() take bytes in place while the event lasts; what is left is copied
 * and waits for the owner. Credit goes back as bytes are consumed.
 *
 * Lifetimes. A stream is its owner's until stream_close(), also when it has ended and when the
 * tunnel is gone (tunnel_free() tells each stream STREAM_LOOK; it can then still be read to its
 * end). No function here calls an owner back except tunnel_fill, tunnel_input and tunnel_free, and
 * inside those callbacks none of these three may be called.
 */
#ifndef GROUNDNUT_TUNNEL_TUNNEL_H
#define GROUNDNUT_TUNNEL_TUNNEL_H

#include "shared/tunnel/session.h"

struct tunnel;
struct stream;

enum {
	/* of one side's own, also those that are ending; further OPENs wait */
	TUNNEL_STREAMS_MOST = 65536,
	TUNNEL_FIRST_CREDIT = 16 * 1024,   /* what OPEN implies for the opener's direction */
	TUNNEL_OPEN_CREDIT_MIN = 4 * 1024, /* what OPEN grants the acceptor */
	TUNNEL_OPEN_CREDIT_MAX = 256 * 1024,
	TUNNEL_WINDOW_MAX = 8 * 1024 * 1024,
	/* credit is returned at a quarter of the window, and that much at the latest */
	TUNNEL_CREDIT_STEP = 128 * 1024,
	TUNNEL_KEEP_MIN = 1024, /* unused credit a quiet sender keeps at least */
	TUNNEL_QUIET_MS = 1000, /* when a sender counts as quiet */
	/* of the reserve a stream may draw so much, in such steps, before CREDIT comes for it */
	TUNNEL_DRAW_MAX = 2 * 1024 * 1024,
	TUNNEL_DRAW_STEP = 256 * 1024,
	TUNNEL_QUANTUM = 16 * 1024, /* deficit round robin; of bulk a batch at most */
	/* PONGs waiting for the link; beyond, the peer floods */
	TUNNEL_PONGS_MAX = 4096,
	/* datagrams waiting for the link: of one flow (a batch, and the largest behind it), */
	TUNNEL_DATAGRAM_FLOW = 96 * 1024,
	TUNNEL_DATAGRAM_ALL = 1024 * 1024, /* of the tunnel, */
	/* and how much of them goes into one batch at most */
	TUNNEL_DATAGRAM_BATCH = 32 * 1024,
	TUNNEL_SAID_MAX = 128 * 1024, /* of tunnel_say(), waiting for the link */
};

struct tunnel_config {
	/* of our streams: 2 at the relay, 1 at the agent; rising by two */
	uint32_t first_id;
	/* streams the peer may have open at once; more is a violation */
	uint32_t accepts;
	size_t send_budget, receive_budget;
	struct memory_budget_account *send_account, *receive_account; /* may be NULL */
	struct session_pool *pool;                                    /* may be NULL */
};

enum tunnel_event {
	/* the peer opened a stream: stream_own() it, or stream_reset() and stream_close() it */
	TUNNEL_OPENED,
	TUNNEL_DECLARED, /* a DECLARE; p, len: its JSON */
	TUNNEL_STATED,   /* a STATE; p, len */
	TUNNEL_REPORTED, /* a REPORT; p, len */
	TUNNEL_PROBED,   /* a PROBE, or the answer to one; p, len */
	TUNNEL_PONGED,   /* a PONG; number */
	TUNNEL_BYE,      /* a BYE; p, len: why */
	TUNNEL_REFUSED,  /* a REFUSE after WELCOME; p, len: its JSON */
};
struct tunnel_news {
	enum tunnel_event event;
	struct stream *stream;
	const struct open_info *open;
	const uint8_t *p;
	size_t len;
	uint64_t number;
};
typedef void tunnel_fn(void *owner, const struct tunnel_news *news);

enum stream_event {
	STREAM_LOOK,     /* there may be bytes, the end, a reset: look */
	STREAM_TURN,     /* reserve, read, commit once; or stream_idle() */
	STREAM_DATAGRAM, /* stream_datagram_in() gives it, during the event only */
};
typedef void stream_fn(void *owner, enum stream_event event);

struct tunnel *tunnel_new(const struct tunnel_config *config, tunnel_fn *fn, void *owner);
void tunnel_free(struct tunnel *t);
/* Whether the acceptor of streams gives their opener a reserve of credit, which both ends must
 * know. It is said before the session's first link. */
void tunnel_use_reserve(struct tunnel *t, bool both);

/* --- the link's side --- */
/* 0 or ERR_RANGE */
int tunnel_attach(struct tunnel *t, uint64_t peer_taken, uint64_t peer_budget, uint64_t now_ms);
/* whether tunnel_attach would take that number */
bool tunnel_fits(const struct tunnel *t, uint64_t peer_taken);
void tunnel_detach(struct tunnel *t);
uint64_t tunnel_taken(const struct tunnel *t); /* for HELLO and WELCOME */
/* frames that have arrived for good, either way: grows while a session gets on */
uint64_t tunnel_progress(const struct tunnel *t);
/* bytes of the session gone out on this link, */
uint64_t tunnel_gone(const struct tunnel *t);
size_t tunnel_under_way(const struct tunnel *t); /* and how many of them are not acknowledged */
/* bytes of the session are due, and all before them are acknowledged */
bool tunnel_begins(const struct tunnel *t);
bool tunnel_has_control(const struct tunnel *t); /* link frames are due */
/* both bulk and a few bytes that somebody waits for have moved lately */
bool tunnel_is_mixed(const struct tunnel *t, uint64_t now_ms);
/* bytes to be sent again, right after tunnel_attach */
uint64_t tunnel_replay(const struct tunnel *t);
/* 0; ERR_SESSION: the session is over; any other: the link is. */
int tunnel_input(struct tunnel *t, const uint8_t *p, size_t len, uint64_t now_ms);
/* Make up to about bytes of frames out of what is due: link frames, facts, then data by turns. */
void tunnel_fill(struct tunnel *t, size_t bytes, uint64_t now_ms);
/* tunnel_fill or tunnel_peek would give something */
bool tunnel_has_work(const struct tunnel *t, uint64_t now_ms);
/* What to send next; nothing else may be called between a peek and the sent that answers it. */
int tunnel_peek(struct tunnel *t, struct iovec *iov, int most);
bool tunnel_at_boundary(const struct tunnel *t); /* the link stands between two frames */
/* what waits has memory of its own left, but others have taken the process's */
bool tunnel_is_starved(const struct tunnel *t);
void tunnel_sent(struct tunnel *t, size_t len);
/* A message of which a part is held has been silent for too long: the link is to end. */
bool tunnel_is_unfinished(const struct tunnel *t, uint64_t now_ms);
/* when to call tunnel_fill and tunnel_is_unfinished by time; UINT64_MAX: not by time */
uint64_t tunnel_deadline(const struct tunnel *t);
void tunnel_ping(struct tunnel *t, uint64_t number);
void tunnel_bye(struct tunnel *t, const char *why);
/* a whole REFUSE frame, into the link */
void tunnel_refuse(struct tunnel *t, const struct buf *frame);

/* --- the session's messages: the newest replaces one that has not been written yet --- */
void tunnel_declare(struct tunnel *t, const struct buf *json);
void tunnel_state(struct tunnel *t, const struct buf *json);
/* REPORT and PROBE: each is said, in order. False: too much waits for the link, and it is not. */
bool tunnel_say(struct tunnel *t, enum frame_kind kind, const struct buf *json);
bool tunnel_may_say(const struct tunnel *t, size_t len); /* there is room for that */

struct tunnel_numbers {
	size_t streams;         /* open or closing */
	size_t waiting;         /* opened here, OPEN not written yet */
	size_t outbox, receive; /* bytes of the budgets in use */
	uint64_t last_moved_ms; /* when a stream last sent or received */
	uint64_t later_skipped; /* frames of kinds this version does not know */
	uint64_t datagrams_dropped;
};
size_t tunnel_streams(const struct tunnel *t); /* open or closing */
uint64_t tunnel_last_moved_ms(const struct tunnel *t);
/* The peer was promised more than twice the receive budget: it opens stream upon stream and RETURNs
 * nothing. */
bool tunnel_is_overdrawn(const struct tunnel *t);
/* of the mapping's streams that were opened here, those whose OPEN is not written yet */
size_t tunnel_waiting(const struct tunnel *t, uint32_t mapping);
/* … there are some, and no memory to receive for any of them */
bool tunnel_is_short(const struct tunnel *t, uint32_t mapping);
size_t tunnel_datagrams_waiting(const struct tunnel *t); /* what they count for, in bytes */
struct tunnel_numbers tunnel_numbers(const struct tunnel *t);

/* --- streams --- */
/* info's credit: the most that is granted at first; 0: as much as there is room for. Never NULL; if
 * the tunnel cannot speak now, the stream waits its turn. */
struct stream *stream_open(struct tunnel *t, const struct open_info *info, stream_fn *fn,
			   void *owner);
/* The same for a flow: datagrams only. Neither side has credit for bytes, which is what OPEN's
 * credit 0 says; so it waits for none. */
struct stream *stream_open_flow(struct tunnel *t, const struct open_info *info, stream_fn *fn,
				void *owner);
void stream_own(struct stream *s, stream_fn *fn, void *owner);
const struct open_info *stream_info(const struct stream *s);
uint32_t stream_id(const struct stream *s); /* 0 while its OPEN has not been written */

/* Sending. */
void stream_ready(struct stream *s);                     /* the near side has something to read */
void stream_idle(struct stream *s);                      /* it has nothing more */
uint8_t *stream_reserve(struct stream *s, size_t *room); /* inside STREAM_TURN only; room >= 1 */
void stream_commit(struct stream *s, size_t len);        /* 1 <= len <= room */
void stream_finish(struct stream *s);                    /* FIN after what was committed */
void stream_reset(struct stream *s, enum reset_code code);
/* neither finished nor reset by us, nor reset by the peer */
bool stream_may_send(const struct stream *s);

/* Receiving. */
int stream_peek(const struct stream *s, struct iovec *iov, int most); /* bytes waiting, in order */
size_t stream_waiting(const struct stream *s);
void stream_consume(struct stream *s, size_t len);
/* the peer's FIN has come and all before it is consumed */
bool stream_is_eof(const struct stream *s);
/* the peer's RESET has come (or the tunnel is gone); waiting bytes may be left */
bool stream_is_reset(const struct stream *s);
uint32_t stream_reset_code(const struct stream *s);
/* its tunnel is gone; what waits can still be taken */
bool stream_is_adrift(const struct stream *s);

/* Datagrams: whole, unreliable, newest win. Before the OPEN is written they wait with the
 * others. */
void stream_datagram(struct stream *s, const void *p, size_t len);
const uint8_t *stream_datagram_in(const struct stream *s, size_t *len);
uint64_t stream_datagrams_dropped(const struct stream *s); /* by us, waiting for the link */

/* Let go: what has not been finished is reset; bytes still waiting are dropped. */
void stream_close(struct stream *s);

#endif
