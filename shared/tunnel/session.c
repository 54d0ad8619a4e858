/*
 * The outbox is a list of chunks with whole encoded frames in them, so what goes out on the link,
 * and goes out again on the next one, is these bytes as they lie: [start … cursor … end). ACKs move
 * start, the link moves the cursor, session_commit moves end.
 *
 * Reading keeps at most a header and, for kinds handed up whole, one payload. When a link dies
 * within a DATA frame, the part that was handed up is remembered; the peer sends that frame again
 * from its first byte, and just as much is skipped.
 */
#include "shared/tunnel/session.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { TIGHT_CHUNKS = 8 };

struct session_chunk {
	struct session_chunk *next;
	size_t cap;
	size_t start; /* first byte kept */
	size_t end;   /* one past the last byte written */
	uint8_t bytes[];
};

static size_t chunk_cost(const struct session_chunk *c)
{
	return sizeof *c + c->cap;
}

static struct session_chunk *chunk_new(struct session *s, size_t cap)
{
	struct session_chunk *c = NULL;
	if (cap == SESSION_CHUNK && s->pool && s->pool->free) {
		c = s->pool->free;
		s->pool->free = c->next;
		s->pool->count--;
	} else {
		c = mem_alloc(sizeof *c + cap);
		c->cap = cap;
	}
	c->next = NULL;
	c->start = c->end = 0;
	memory_budget_take(&s->send, chunk_cost(c));
	return c;
}

static void chunk_free(struct session *s, struct session_chunk *c)
{
	memory_budget_give(&s->send, chunk_cost(c));
	if (s->pool && c->cap == SESSION_CHUNK && s->pool->count < SESSION_POOL_KEEP) {
		c->next = s->pool->free;
		s->pool->free = c;
		s->pool->count++;
	} else {
		mem_free(c);
	}
}

void session_pool_fini(struct session_pool *p)
{
	while (p->free) {
		struct session_chunk *c = p->free;
		p->free = c->next;
		mem_free(c);
	}
	p->count = 0;
}

void session_init(struct session *s, struct session_pool *pool,
		  struct memory_budget_account *send_account, size_t send_budget)
{
	*s = (struct session){.pool = pool};
	memory_budget_init(&s->send, send_account, send_budget);
	buf_init(&s->body);
}

static void drop_first(struct session *s)
{
	struct session_chunk *c = s->first;
	s->first = c->next;
	if (!s->first)
		s->last = NULL;
	if (s->at == c) {
		s->at = s->first;
		s->at_offset = s->at ? s->at->start : 0;
	}
	chunk_free(s, c);
}

static void drop_body(struct session *s)
{
	if (s->receive)
		memory_budget_give(s->receive, buf_len(&s->body));
	buf_fini(&s->body);
}

void session_fini(struct session *s)
{
	while (s->first)
		drop_first(s);
	drop_body(s);
	memory_budget_fini(&s->send);
}

/* --- writing --- */

/* The less each may hold, the smaller are the pieces in which it holds that. */
static size_t data_chunk(const struct session *s, size_t fair)
{
	bool tight = fair < s->send.limit && fair < TIGHT_CHUNKS * SESSION_CHUNK;
	return tight ? SESSION_CHUNK / 4 : SESSION_CHUNK;
}

bool session_has_room(const struct session *s)
{
	const struct session_chunk *c = s->last;
	if (c && c->cap - c->end >= FRAME_HEADER + SESSION_LEAST_ROOM)
		return true;
	size_t fair = memory_budget_fair(&s->send), cost = sizeof *c + data_chunk(s, fair);
	if (s->send.used < SESSION_CHUNK / 4 && memory_budget_left(&s->send) >= cost)
		return true;
	return s->send.used + cost <= fair;
}

uint8_t *session_reserve(struct session *s, size_t want, size_t *room)
{
	size_t least = FRAME_HEADER + (want < SESSION_LEAST_ROOM ? want : SESSION_LEAST_ROOM);
	if (!s->last || s->last->cap - s->last->end < least) {
		size_t fair = memory_budget_fair(&s->send);
		struct session_chunk *c = chunk_new(s, data_chunk(s, fair));
		if (s->last)
			s->last->next = c;
		else
			s->first = c;
		s->last = c;
	}
	size_t left = s->last->cap - s->last->end - FRAME_HEADER;
	*room = want < left ? want : left;
	return s->last->bytes + s->last->end + FRAME_HEADER;
}

void session_commit(struct session *s, uint32_t stream, uint8_t kind, size_t len)
{
	struct session_chunk *c = s->last;
	assert(c && c->end + FRAME_HEADER + len <= c->cap);
	frame_write(c->bytes + c->end, stream, kind, (uint32_t)len);
	if (!s->at) {
		s->at = c;
		s->at_offset = c->end;
	}
	c->end += FRAME_HEADER + len;
	s->unsent += FRAME_HEADER + len;
	s->next++;
}

/* What a session says that carries no data waits in small chunks, until there is more of it. */
static size_t usual_behind(const struct session_chunk *last)
{
	if (!last)
		return SESSION_SMALL;
	return last->cap < SESSION_CHUNK / 2 ? 2 * last->cap : SESSION_CHUNK;
}

void session_put(struct session *s, uint32_t stream, uint8_t kind, const void *payload, size_t len)
{
	size_t need = FRAME_HEADER + len;
	if (!s->last || s->last->cap - s->last->end < need) {
		size_t usual = usual_behind(s->last);
		struct session_chunk *c = chunk_new(s, need > usual ? need : usual);
		if (s->last)
			s->last->next = c;
		else
			s->first = c;
		s->last = c;
	}
	if (len)
		memcpy(s->last->bytes + s->last->end + FRAME_HEADER, payload, len);
	session_commit(s, stream, kind, len);
}

void session_tidy(struct session *s)
{
	if (s->first && s->first == s->last && s->first->start == s->first->end)
		drop_first(s);
}

/* --- the link's side --- */

static size_t frame_size_at(const struct session_chunk *c, size_t offset)
{
	const uint8_t *h = c->bytes + offset;
	return FRAME_HEADER + ((size_t)h[5] << 16 | (size_t)h[6] << 8 | h[7]);
}

/* Frees the frames below number taken. All of them have gone out, so the cursor stands in none of
 * them. */
static void forget_below(struct session *s, uint64_t taken)
{
	while (s->acked < taken) {
		if (s->first->start == s->first->end) {
			drop_first(s);
			continue;
		}
		size_t size = frame_size_at(s->first, s->first->start);
		s->first->start += size;
		s->flight -= size < s->flight ? size : s->flight;
		s->acked++;
	}
	while (s->first && s->first->start == s->first->end)
		drop_first(s);
}

static void rewind_cursor(struct session *s)
{
	s->at = s->first;
	s->at_offset = s->at ? s->at->start : 0;
	s->frame_left = 0;
	s->sent = s->acked;
	s->unsent = s->flight = 0;
	s->gone = 0;
	for (const struct session_chunk *c = s->first; c; c = c->next)
		s->unsent += c->end - c->start;
}

int session_attach(struct session *s, uint64_t peer_taken)
{
	if (peer_taken < s->acked || peer_taken > s->high)
		return ERR_RANGE;
	s->at = NULL; /* so that dropping a chunk does not move it */
	forget_below(s, peer_taken);
	rewind_cursor(s);
	return 0;
}

void session_detach(struct session *s)
{
	if (s->head_len == FRAME_HEADER && s->frame.kind == FRAME_DATA &&
	    s->body_len > s->partial_len) {
		s->partial = s->frame;
		s->partial_len = s->body_len;
	}
	s->head_len = 0;
	s->body_len = 0;
	s->skip = 0;
	drop_body(s);
	s->unacked_bytes = 0;
	rewind_cursor(s);
}

bool session_at_boundary(const struct session *s)
{
	return s->frame_left == 0;
}

int session_peek(const struct session *s, struct iovec *iov, int most)
{
	int n = 0;
	size_t offset = s->at_offset;
	for (struct session_chunk *c = s->at; c && n < most; c = c->next) {
		if (c->end > offset)
			iov[n++] = (struct iovec){.iov_base = c->bytes + offset,
						  .iov_len = c->end - offset};
		offset = c->next ? c->next->start : 0;
	}
	return n;
}

void session_sent(struct session *s, size_t len)
{
	assert(len <= s->unsent);
	s->unsent -= len;
	s->flight += len;
	s->gone += len;
	while (len > 0) {
		if (s->at_offset == s->at->end) {
			s->at = s->at->next;
			s->at_offset = s->at->start;
			continue;
		}
		if (s->frame_left == 0)
			s->frame_left = frame_size_at(s->at, s->at_offset);
		size_t part = len < s->frame_left ? len : s->frame_left;
		s->at_offset += part;
		s->frame_left -= part;
		len -= part;
		if (s->frame_left == 0 && ++s->sent > s->high)
			s->high = s->sent;
	}
	if (s->unsent == 0)
		s->at = NULL; /* session_commit sets it at the next frame */
}

int session_acked(struct session *s, uint64_t taken)
{
	if (taken < s->acked || taken > s->sent)
		return ERR_PROTOCOL;
	forget_below(s, taken);
	return 0;
}

size_t session_kept(const struct session *s)
{
	return s->send.used;
}

/* --- reading --- */

static void count_taken(struct session *s, size_t bytes, uint64_t now_ms)
{
	if (s->unacked_bytes == 0)
		s->unacked_since_ms = now_ms;
	s->unacked_bytes += bytes;
}

/* A header is whole. Is it a frame that may come here, and has a part of it come before? */
static int begin_frame(struct session *s)
{
	int err = frame_read(s->head, &s->frame);
	if (err < 0)
		return frame_is_session(s->frame.kind) ? ERR_SESSION : err;
	s->body_len = 0;
	s->skip = 0;
	if (s->partial_len > 0 && frame_is_session(s->frame.kind)) {
		if (s->frame.kind != FRAME_DATA || s->frame.stream != s->partial.stream ||
		    s->frame.len != s->partial.len)
			return ERR_SESSION;
		s->skip = s->partial_len;
	}
	return 0;
}

static void end_frame(struct session *s, uint64_t now_ms)
{
	s->later_skipped += !frame_is_known(s->frame.kind);
	if (frame_is_session(s->frame.kind)) {
		s->taken++;
		s->partial_len = 0;
		count_taken(s, FRAME_HEADER + s->frame.len, now_ms);
	}
	s->head_len = 0;
}

/* DATA is handed up as it comes, except what an earlier link brought already. */
static int data_part(struct session *s, const uint8_t *p, size_t len, session_fn *fn, void *arg)
{
	size_t old = s->skip > s->body_len ? s->skip - s->body_len : 0;
	if (old > len)
		old = len;
	s->body_len += len;
	return old < len ? fn(arg, &s->frame, p + old, len - old) : 0;
}

/* Keeps a part of a frame that is handed up whole. A small frame is taken in any case. Otherwise a
 * session whose streams fill its budget could no longer declare anything. */
static int keep_part(struct session *s, const uint8_t *p, size_t len, uint64_t now_ms)
{
	if (s->receive && buf_len(&s->body) + len > SESSION_BODY_SMALL &&
	    len > memory_budget_around(s->receive))
		return ERR_NO_ROOM;
	if (!buf_len(&s->body))
		buf_reserve(&s->body, s->frame.len);
	buf_put(&s->body, p, len);
	s->body_len += len;
	s->body_ms = now_ms;
	if (s->receive)
		memory_budget_take(s->receive, len);
	return 0;
}

static int whole_part(struct session *s, const uint8_t *p, size_t len, uint64_t now_ms,
		      session_fn *fn, void *arg)
{
	if (s->body_len == 0 && len == s->frame.len) {
		s->body_len = len;
		return fn(arg, &s->frame, p, len);
	}
	int err = keep_part(s, p, len, now_ms);
	if (err < 0 || s->body_len < s->frame.len)
		return err;
	err = fn(arg, &s->frame, buf_data(&s->body), s->frame.len);
	drop_body(s);
	return err;
}

int session_input(struct session *s, const uint8_t *p, size_t len, uint64_t now_ms, session_fn *fn,
		  void *arg)
{
	while (len > 0) {
		if (s->head_len < FRAME_HEADER) {
			size_t part = FRAME_HEADER - s->head_len;
			if (part > len)
				part = len;
			memcpy(s->head + s->head_len, p, part);
			s->head_len += part;
			p += part;
			len -= part;
			if (s->head_len < FRAME_HEADER)
				break;
			int err = begin_frame(s);
			if (err < 0)
				return err;
		}
		size_t part = s->frame.len - s->body_len;
		if (part > len)
			part = len;
		if (part == 0 && s->frame.len > 0)
			break;
		int err = 0;
		if (s->frame.kind == FRAME_DATA)
			err = data_part(s, p, part, fn, arg);
		else if (frame_is_known(s->frame.kind))
			err = whole_part(s, p, part, now_ms, fn, arg);
		else
			s->body_len += part;
		if (err < 0)
			return err;
		p += part;
		len -= part;
		if (s->body_len == s->frame.len)
			end_frame(s, now_ms);
	}
	return 0;
}

uint64_t session_body_deadline(const struct session *s)
{
	return buf_len(&s->body) ? s->body_ms + SESSION_BODY_MS : UINT64_MAX;
}

bool session_ack_due(const struct session *s, uint64_t now_ms)
{
	return s->unacked_bytes >= SESSION_ACK_BYTES ||
	       (s->unacked_bytes > 0 && now_ms >= s->unacked_since_ms + SESSION_ACK_MS);
}

uint64_t session_ack_deadline(const struct session *s)
{
	return s->unacked_bytes ? s->unacked_since_ms + SESSION_ACK_MS : UINT64_MAX;
}

uint64_t session_take_ack(struct session *s)
{
	s->unacked_bytes = 0;
	return s->taken;
}
