/*
 * An ordered pipe of numbered frames that outlives its link. A frame that is written stays in the
 * outbox until the peer acknowledges it, and is sent again on the next link. Bytes that come in are
 * cut into frames; these are counted, and none is handed up twice.
 *
 * Pure: bytes and frames in, bytes and frames out. Embedded in a tunnel.
 */
#ifndef GROUNDNUT_TUNNEL_SESSION_H
#define GROUNDNUT_TUNNEL_SESSION_H

#include "shared/base/memory_budget.h"
#include "shared/base/buf.h"
#include "shared/tunnel/frame.h"

#include <sys/uio.h>

enum {
	/* outbox memory is taken in these, in quarters of them while little is left for each; a
	 * frame lies in one chunk whole */
	SESSION_CHUNK = 64 * 1024 + 4096,
	/* … but for a few small frames alone, as an idle session has */
	SESSION_SMALL = 2048,
	/* a chunk with less left than this (and header) is not offered for data */
	SESSION_LEAST_ROOM = 4096,
	/* an ACK is due after that many bytes of session frames … */
	SESSION_ACK_BYTES = 64 * 1024,
	SESSION_ACK_MS = 200,   /* … or that long after the first of them */
	SESSION_POOL_KEEP = 32, /* free chunks a loop keeps */
	/* so much of a frame that comes in parts is taken however full the budgets are */
	SESSION_BODY_SMALL = 64 * 1024,
	/* a frame of which a part has come may be silent that long */
	SESSION_BODY_MS = 30000,
};

/* Free chunks, last in first out so that they are still in cache; one for each loop, shared by its
 * sessions. */
struct session_chunk;
struct session_pool {
	struct session_chunk *free;
	unsigned count;
};
void session_pool_fini(struct session_pool *p);

struct session {
	/* sending */
	struct session_pool *pool;          /* not owned; may be NULL */
	struct session_chunk *first, *last; /* the outbox, oldest first */
	/* where the link's next byte comes from; NULL: nothing to send */
	struct session_chunk *at;
	size_t at_offset;
	/* bytes of the frame under the cursor still to go; 0: at a boundary */
	size_t frame_left;
	/* frames the peer has taken: the number of the oldest kept one */
	uint64_t acked;
	uint64_t sent; /* frames gone out whole on this link */
	uint64_t high; /* frames ever gone out whole, on any link */
	uint64_t next; /* number of the next frame to be written */
	size_t unsent; /* bytes from the cursor to the end */
	uint64_t gone; /* bytes gone out on this link */
	size_t flight; /* … that the peer has not acknowledged */
	struct memory_budget send;

	/* receiving */
	uint8_t head[FRAME_HEADER];
	size_t head_len;
	struct frame frame; /* valid once the head is whole */
	size_t body_len;    /* bytes of its payload that have come */
	/* of a repeated DATA frame: bytes handed up on an earlier link */
	size_t skip;
	/* payload of a frame that is handed up whole but comes in parts, */
	struct buf body;
	uint64_t body_ms;              /* … when the last of them came, */
	struct memory_budget *receive; /* … and what they count in: not owned; may be NULL */
	uint64_t taken;                /* whole session frames handed up */
	struct frame partial;          /* DATA frame the last link died in … */
	size_t partial_len;            /* … and how much of it had been handed up */
	uint64_t later_skipped;        /* frames of kinds this version does not know */
	size_t unacked_bytes;          /* taken since the last ACK was written */
	uint64_t unacked_since_ms;     /* when the first of them came */
};

void session_init(struct session *s, struct session_pool *pool,
		  struct memory_budget_account *send_account, size_t send_budget);
void session_fini(struct session *s);

/* --- writing --- */
/* Whether a chunk more may be taken for DATA or OPEN. What is owed (facts) is written
 * regardless. */
bool session_has_room(const struct session *s);
/* Memory for a payload of up to want bytes (>= 1) behind a header's room; *room says how many
 * fit, at least min(want, SESSION_LEAST_ROOM). Valid until the next call; a reservation that is
 * not committed costs nothing. */
uint8_t *session_reserve(struct session *s, size_t want, size_t *room);
void session_commit(struct session *s, uint32_t stream, uint8_t kind, size_t len);
void session_put(struct session *s, uint32_t stream, uint8_t kind, const void *payload, size_t len);
void session_tidy(struct session *s); /* a chunk that was reserved and never used goes back */

/* --- the link's side --- */
/* A new link: the peer has taken that many frames. 0, or ERR_RANGE (outside what is kept) with
 * nothing changed. */
int session_attach(struct session *s, uint64_t peer_taken);
/* The link is gone: forget half a header, remember how much of a DATA frame was handed up, send
 * again from the oldest kept. */
void session_detach(struct session *s);
bool session_at_boundary(const struct session *s); /* link frames may be put in here */
/* what to send next; returns the count */
int session_peek(const struct session *s, struct iovec *iov, int most);
void session_sent(struct session *s, size_t len);
/* The peer's ACK: frames below taken are freed. 0, or ERR_PROTOCOL for a number never sent on this
 * link or lower than before. */
int session_acked(struct session *s, uint64_t taken);
size_t session_kept(const struct session *s); /* bytes of memory that the outbox holds */

/* --- reading --- */
/*
 * One frame, or a part of a DATA frame: handed up in order. DATA comes in parts as they arrive
 * (offset is how much of this frame went before), every other kind whole. A negative answer ends
 * the reading with it.
 */
typedef int session_fn(void *arg, const struct frame *f, const uint8_t *p, size_t len);
/* 0, or why it is over: ERR_PROTOCOL, ERR_TOO_BIG (a link frame), ERR_SESSION (a session frame),
 * ERR_NO_ROOM (the link: it can come again when there is memory), or what fn returned. */
int session_input(struct session *s, const uint8_t *p, size_t len, uint64_t now_ms, session_fn *fn,
		  void *arg);
/* When a frame of which a part is held has been silent too long; UINT64_MAX: there is none. */
uint64_t session_body_deadline(const struct session *s);
bool session_ack_due(const struct session *s, uint64_t now_ms);
/* when it becomes due by time; UINT64_MAX: nothing to acknowledge */
uint64_t session_ack_deadline(const struct session *s);
uint64_t session_take_ack(struct session *s); /* the number to write; nothing is due after */

#endif
