/*
 * The insides of a tunnel, shared by tunnel.c (frames), stream.c (one stream), scheduler.c (which
 * stream is next) and datagram_queue.c. No other file includes this.
 *
 * The credit of a stream, receiving side, always adds up: granted + waiting bytes + owed == window,
 * and window is what the stream has taken from the receive budget. Sending side: credit is what the
 * peer has granted and we have not used.
 */
#ifndef GROUNDNUT_TUNNEL_TUNNEL_INTERNAL_H
#define GROUNDNUT_TUNNEL_TUNNEL_INTERNAL_H

#include "shared/base/byte_queue.h"
#include "shared/base/hash_table.h"
#include "shared/base/list.h"
#include "shared/tunnel/tunnel.h"

enum open_turn { OPEN_TURN_OF_LITTLE, OPEN_TURN_OF_MUCH, OPEN_TURNS };

/* What one mapping's streams hold of the tunnel, and which of its OPENs wait. */
struct open_queue {
	uint32_t mapping;
	struct list node; /* tunnel.open_turns, while it has OPENs that wait */
	/* open_networks with OPENs that wait, by whether they hold little; the first is next */
	struct list turns[OPEN_TURNS];
	enum open_turn next; /* whose turn it is */
	size_t streams;      /* all of the mapping that we opened */
	size_t held;         /* … whose OPEN is written */
};

/* The same of one network (v4 /24, v6 /48) that visits a mapping. */
struct open_network {
	uint8_t key[21]; /* mapping, family and address */
	struct open_queue *queue;
	struct list node;    /* open_queue.turns, while it has OPENs that wait */
	struct list waiting; /* streams, by their facts; oldest first */
	size_t streams, held;
};

enum stream_half { HALF_OPEN, HALF_FIN, HALF_RESET };

struct stream {
	struct tunnel *tunnel; /* NULL: the tunnel is gone */
	stream_fn *fn;         /* NULL: nobody owns it (yet, or any more) */
	void *owner;
	uint32_t id; /* 0: OPEN not written */
	struct stream *hash_next;
	struct list all; /* tunnel.streams */
	struct open_info info;
	struct open_network *network; /* of those that we opened and that carry bytes */
	enum stream_half sent, got;   /* what went out, what came in, besides data */
	uint32_t got_code;            /* of the RESET that came */
	bool closed;                  /* the owner has let go */
	bool flow;                    /* carries datagrams only; no credit either way */
	/* closed while the peer may still send: granted is remembered, the budget has it back */
	bool dropping;

	/* facts: due to be written */
	/* tunnel.facts, or while OPEN is due open_network.waiting or tunnel.flow_opens */
	struct list facts;
	bool fin_due, reset_due, credit_due, blocked_due;
	uint32_t reset_code;

	/* sending */
	struct list turn;  /* tunnel.fresh or tunnel.bulk */
	bool ready;        /* the owner has something to read, … */
	uint64_t ready_ms; /* … since then */
	bool starved;      /* … but had no credit when its turn came */
	bool passing;      /* silent, going once through bulk */
	int64_t deficit;
	uint64_t credit;
	uint64_t may_draw; /* of the reserve */
	struct list lent;  /* tunnel.lent, least recently used first, or tunnel.rested */
	uint64_t used_ms;  /* when a good part of the credit was last used, or had */
	uint64_t used;     /* bytes since then */
	bool spoke;        /* a small DATA frame of it has moved */
	uint64_t bulk_ms;  /* when bulk of it last moved, either way */
	uint64_t large_ms, large_bytes; /* in large DATA frames, since then */

	/* receiving */
	uint64_t window, granted, owed;
	struct byte_queue queue; /* waiting bytes that have been copied */
	uint64_t peak;           /* the largest window it has had */
	/* bytes of credit that the peer must use before its BLOCKED tells anything new */
	uint64_t untried;
	/* … it has said so: the window is to grow with the next CREDIT */
	bool wanting;
	uint64_t wanted_ms; /* … when it said so last */
	bool stalled;       /* bytes had to be copied since the last CREDIT */
	bool consumed;      /* the owner has taken bytes */
	uint64_t drawn;     /* of the reserve, and as many bytes have not been consumed since */

	/* datagrams */
	struct list datagrams;     /* waiting for the link, oldest first */
	struct list datagram_turn; /* tunnel.datagram_turns, while any of them may go */
	size_t datagram_bytes;     /* what they count for */
	/* frames that must have gone out before them: all to our OPEN */
	uint64_t opened_at;
	uint64_t datagrams_dropped;
};

/*
 * One datagram on its way to the link. Link frames overtake the session's, so until its stream's
 * OPEN has gone out whole a datagram would come to a stream that the peer does not know.
 */
enum datagram_stage {
	DATAGRAM_UNOPENED, /* OPEN is not written */
	DATAGRAM_EARLY,    /* … is in the outbox */
	DATAGRAM_FREE,     /* … has gone: may go */
	DATAGRAM_STAGES,
};
struct tunnel_datagram {
	struct list node; /* tunnel.datagrams[stage] */
	struct list flow; /* stream.datagrams */
	struct stream *stream;
	enum datagram_stage stage;
	uint32_t len;
	uint64_t number; /* tells which is the oldest */
	uint8_t bytes[];
};

enum { TUNNEL_PIECES = 16 };

struct tunnel {
	struct session session;
	tunnel_fn *fn;
	void *owner;
	bool attached;
	bool over; /* a violation was found: nothing more is read of this link */
	uint64_t now_ms;

	/* link frames to be written at the next frame boundary; what is in it now: */
	struct buf control;
	unsigned control_pongs;
	bool control_ack, control_datagrams;
	struct buf message;   /* a whole DECLARE or STATE payload not written yet */
	uint8_t message_kind; /* 0: none */
	struct buf said;      /* whole frames of tunnel_say() not written yet */

	struct list streams;  /* every one */
	size_t count;         /* … that has an id: open or closing */
	size_t peer_count;    /* of these, opened by the peer */
	struct stream **hash; /* by id; NULL while there is none */
	size_t hash_size;     /* a power of two, or 0 */
	uint32_t next_id, peer_next_id;
	bool wrapped, peer_wrapped;
	uint32_t accepts;

	struct list facts, flow_opens;
	struct hash_table *open_queues;   /* by mapping */
	struct hash_table *open_networks; /* by mapping and network */
	struct list open_turns;           /* open_queues with OPENs that wait; the first is next */
	size_t waiting;                   /* OPENs of all */
	struct list fresh, bulk; /* streams with something to read: woken ones, the others */
	struct list lent;
	/* streams with credit that were quiet and gave the rest of it back; back on lent when they
	 * move */
	struct list rested;
	uint64_t rested_keep; /* none of them has more */
	uint64_t lent_bytes;  /* sum of all credit */
	uint64_t peer_budget;
	/* Credit for new streams that have none left, which their opener draws: what the peer lets
	 * us have, and what we let it, which counts in the receive budget. */
	bool has_reserve; /* both ends know it */
	bool reserve_due; /* what we let the peer have is to be looked at */
	uint64_t reserve, promised;
	uint64_t drawn; /* sum of all streams' */

	struct memory_budget receive;
	/* the largest window that a stream has come to on this link, because its sender asked for
	 * more: what the path holds, so newcomers begin with it */
	uint64_t path_window;

	/* during tunnel_fill */
	bool filling;
	size_t batch_left;
	struct stream *turn; /* whose STREAM_TURN it is; NULL once it is closed */
	size_t turn_bytes;
	/* of bulk: no more than a batch. A DATA frame of half of it is part of bulk */
	size_t quantum;

	/* during tunnel_input: bytes of one stream, still where the link read them */
	struct stream *reader;
	struct iovec *pieces; /* TUNNEL_PIECES of the call's own; else NULL */
	int piece_count;
	size_t piece_bytes;
	const uint8_t *datagram; /* being handed up */
	size_t datagram_len;
	struct stream *datagram_to;

	struct list datagrams[DATAGRAM_STAGES];
	struct list datagram_turns; /* flows with datagrams that may go */
	size_t datagram_bytes;
	uint64_t datagram_number;
	/* bytes of datagrams that have gone before bytes of the session */
	size_t datagram_debt;

	uint64_t last_moved_ms;
	/* when a small DATA frame or datagram last moved, either way, and when bulk did */
	uint64_t few_ms, bulk_ms;
	bool held; /* the last batch was none: an ACK must come first */
	uint64_t datagrams_dropped;
};

/* stream.c */
struct stream *stream_new(struct tunnel *t, const struct open_info *info);
void stream_free(struct stream *s);
/* the caller's last act with s, unless it asks again */
void stream_tell(struct stream *s, enum stream_event event);
/* ended at both ends? then off the wire; and freed when closed */
void stream_settle(struct stream *s);
void stream_fact(struct stream *s); /* a fact is due: on the list */
/* unused credit a quiet sender keeps */
uint32_t stream_keep(const struct tunnel *t);
/* As much as the path is known to hold, or what is usual. Half of the budget is given out in
 * least grants only, and its last eighth only to mappings that hold little; of that half also to
 * networks that do. 0: no room, the OPEN waits. */
uint64_t stream_grant_for_open(const struct tunnel *t, const struct open_queue *q,
			       enum open_turn turn);
/* networks with fewer streams in a mapping hold little */
enum { TUNNEL_NETWORK_LITTLE = 8 };
/* grows window and granted, from the budget */
void stream_take_window(struct stream *s, uint64_t bytes);
void stream_returned(struct stream *s, uint64_t bytes); /* RETURN has come */
/* nothing more will come: only what waits still counts */
void stream_drop_window(struct stream *s);
/* owed, and growth; moves it to granted */
uint64_t stream_credit_to_write(struct stream *s);
void stream_add_credit(struct stream *s, uint64_t bytes);
void stream_use_credit(struct stream *s, uint64_t bytes);
void stream_forget_credit(struct stream *s); /* nothing more will be sent */
/* Bytes of the reserve that a stream without credit has got; 0: it must wait for CREDIT. */
uint64_t stream_draw(struct stream *s);
/* the peer has moved so many bytes of what we promised to the stream */
void stream_drawn(struct stream *s, uint64_t bytes);
/* how much the reserve that the peer has from us is to grow */
uint64_t stream_reserve_to_write(struct tunnel *t);

/* datagram_queue.c */
void datagram_queue_opened(struct stream *s);    /* its OPEN has been written */
void datagram_queue_drop_flow(struct stream *s); /* its stream has ended */
void datagram_queue_drop_all(struct tunnel *t);
bool datagram_queue_due(const struct tunnel *t);
void datagram_queue_fill(struct tunnel *t, size_t bytes); /* of a batch of so many */

/* tunnel.c */
void tunnel_put_control(struct tunnel *t, uint32_t stream, uint8_t kind, const void *payload,
			size_t len);
struct stream *tunnel_stream(struct tunnel *t, uint32_t id);
void tunnel_insert(struct tunnel *t, struct stream *s);
void tunnel_remove(struct tunnel *t, struct stream *s);
uint32_t tunnel_new_id(struct tunnel *t);
void tunnel_note_size(struct stream *s, size_t len); /* of a DATA frame, either way */
bool stream_is_bulk(const struct stream *s);         /* bulk of it moved lately */

/* scheduler.c */
/* it may have got a turn's worth: on a list */
void scheduler_wake(struct stream *s);
void scheduler_leave(struct stream *s);
void scheduler_serve(struct tunnel *t);
bool scheduler_due(const struct tunnel *t);
void scheduler_open_waits(struct stream *s); /* its OPEN waits */
/* no more; the next one of that network and that mapping comes after the others' */
void scheduler_open_written(struct stream *s);
void scheduler_open_leaves(
    struct stream *s); /* it has ended, or is to be freed; its id is still set */
/* The next OPEN of a mapping for which there is room, or NULL. Networks that hold little, and the
 * others, are served in turn. */
struct stream *scheduler_next_of(const struct tunnel *t, const struct open_queue *q);
/* what the stream, whose OPEN is to be written, is granted */
uint64_t scheduler_grant(const struct stream *s);
struct stream *
scheduler_next_open(const struct tunnel *t); /* whose OPEN may be written now, or NULL */

#endif
