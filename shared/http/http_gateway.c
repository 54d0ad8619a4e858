/*
 * The visitor's side (asking) and the service's side (answering) each have a state; settle() moves
 * both as far as the bytes there allow.
 *
 *	asking                              answering
 *	HEAD      a request's head is read  NONE     nothing is asked
 *	ROUTE     the owner routes it       HEAD     the answer's head is read; an interim
 *	OPEN      it waits for a stream              answer (100) goes round here
 *	BODY      its body goes through     BODY     the answer's body goes through
 *	SENT      it is all sent            DONE     it is all sent
 *	TUNNEL    bytes of another          TUNNEL   behind a 101; the request's side follows
 *	          protocol                           behind its body
 *	DISCARD   it was the last request: what still comes is thrown away
 *
 * From SENT and DONE both go back to HEAD and NONE while both ends keep alive, else to DISCARD.
 *
 * Ways to fail: before a byte of the answer has gone out, a page of our own says so (answer_page).
 * After that the only honest sign is a broken connection (abort). A kept stream that closes just as
 * a request goes out on it is the usual race of keep-alive: such a request, always without a body
 * and safe to repeat, is asked once more on a fresh stream.
 */
#include "shared/http/http_gateway.h"

#include "shared/http/basic_auth.h"
#include "shared/http/error_page.h"
#include "shared/http/head_rewrite.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum asking { ASK_HEAD, ASK_ROUTE, ASK_OPEN, ASK_BODY, ASK_SENT, ASK_TUNNEL, ASK_DISCARD };
enum answering { ANSWER_NONE, ANSWER_HEAD, ANSWER_BODY, ANSWER_DONE, ANSWER_TUNNEL };

struct http_gateway {
	const char *proto;
	struct http_origin origin; /* of the last request that was routed */
	struct buf in[2];          /* by the end they came from: bytes not used yet */
	struct buf out[2];         /* by the end they go to */
	bool eof[2];
	bool broken; /* the stream was reset */
	enum asking asking;
	enum answering answering;
	struct body_transfer body[2]; /* by the end it comes from */
	struct http_scan scan[2];
	bool aborted;

	/* The request under way. */
	struct buf head;           /* its raw head, while it is to be routed */
	struct http_head *request; /* parsed out of head; NULL otherwise */
	/* its head as it goes onward, while it waits for a stream or may be asked again */
	struct buf onward;
	bool keep; /* the visitor's connection goes on after the answer */
	bool http_1_0;
	bool to_head;
	bool repeatable; /* no body, and a method that may be asked twice */
	bool wants_upgrade;
	bool expects; /* it waits for a 100 before it sends its body */

	/* The stream. */
	bool up;      /* there is one */
	bool drop;    /* it is to go */
	bool used;    /* it has carried a whole answer before */
	bool fit;     /* it may carry another request */
	uint64_t key; /* where it goes, or is to be opened to */

	uint32_t hsts_s; /* 0: not said */

	struct http_note *note; /* of the last request that was to be noted, or NULL */
	bool noted;             /* … which is over */
};

static enum http_end other(enum http_end end)
{
	return end == HTTP_VISITOR ? HTTP_SERVICE : HTTP_VISITOR;
}

static void forget_request(struct http_gateway *r)
{
	mem_free(r->request);
	r->request = NULL;
	buf_fini(&r->head);
}

static void drop_stream(struct http_gateway *r)
{
	r->drop = r->up;
	r->fit = false;
	buf_fini(&r->out[HTTP_SERVICE]);
	buf_fini(&r->in[HTTP_SERVICE]);
}

static void abort_all(struct http_gateway *r)
{
	r->aborted = r->noted = true;
	forget_request(r);
	buf_fini(&r->onward);
	for (int end = 0; end < 2; end++) {
		buf_fini(&r->in[end]);
		buf_fini(&r->out[end]);
	}
}

/* The last answer is queued. */
static void finish(struct http_gateway *r)
{
	forget_request(r);
	buf_fini(&r->onward);
	drop_stream(r);
	r->asking = ASK_DISCARD;
	r->answering = ANSWER_NONE;
	r->noted = true;
}

static void begin_next(struct http_gateway *r)
{
	forget_request(r);
	buf_fini(&r->onward);
	r->asking = ASK_HEAD;
	r->answering = ANSWER_NONE;
	r->noted = true;
	http_scan_init(&r->scan[HTTP_VISITOR], HTTP_STRICT);
}

static void note_status(struct http_gateway *r, unsigned status)
{
	if (r->note && !r->noted)
		r->note->status = status;
}

static void note_bytes(struct http_gateway *r, enum http_end from, uint64_t len)
{
	if (r->note && !r->noted)
		*(from == HTTP_VISITOR ? &r->note->in : &r->note->out) += len;
}

/* Our own page instead of an answer; the connection goes on only when the whole request has been
 * read. */
static void answer(struct http_gateway *r, struct error_page page)
{
	bool bodyless = r->body[HTTP_VISITOR].kind == HTTP_BODY_NONE;
	bool whole = r->asking == ASK_SENT ||
		     (bodyless && (r->asking == ASK_ROUTE || r->asking == ASK_OPEN));
	bool keep = whole && r->keep && !r->eof[HTTP_VISITOR];
	page.hsts_s = r->hsts_s;
	page.close = !keep;
	page.http_1_0 = r->http_1_0;
	page.head = r->to_head;
	error_page_write(&page, &r->out[HTTP_VISITOR]);
	note_status(r, page.status);
	if (!keep) {
		finish(r);
		return;
	}
	if (r->answering != ANSWER_NONE)
		drop_stream(r);
	begin_next(r);
}

static void answer_page(struct http_gateway *r, unsigned status, unsigned retry_after_s,
			const char *realm)
{
	answer(r, (struct error_page){
		      .status = status, .retry_after_s = retry_after_s, .realm = realm});
}

/* The visitor's chunks get size lines of our own; to a visitor of HTTP/1.0 those of a service go
 * without. */
static void begin_body(struct http_gateway *r, enum http_end from, enum http_body kind,
		       uint64_t len)
{
	bool asked = from == HTTP_VISITOR;
	enum http_rechunk rechunk = asked         ? HTTP_CHUNKS_ANEW
				    : r->http_1_0 ? HTTP_CHUNKS_DATA_ALONE
						  : HTTP_CHUNKS_AS_THEY_ARE;
	body_transfer_begin(&r->body[from], kind, len, asked ? HTTP_STRICT : HTTP_LENIENT, rechunk);
}

static int move_body(struct http_gateway *r, enum http_end from)
{
	size_t before = buf_len(&r->out[other(from)]);
	int moved = body_transfer_move(&r->body[from], &r->in[from], &r->out[other(from)]);
	note_bytes(r, from, buf_len(&r->out[other(from)]) - before);
	return moved;
}

static bool is_repeatable(const struct http_head *h)
{
	static const char *const methods[] = {"GET",      "HEAD",   "OPTIONS",
					      "PROPFIND", "REPORT", "TRACE"};
	if (h->body != HTTP_BODY_NONE || h->upgrade)
		return false;
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (http_head_asks(h, methods[i]))
			return true;
	return false;
}

static bool take_request(struct http_gateway *r, size_t len)
{
	struct buf *in = &r->in[HTTP_VISITOR];
	buf_put(&r->head, buf_data(in), len);
	buf_take(in, len);
	struct http_head *h = r->request = mem_alloc(sizeof(*h));
	int err = http_head_request(buf_data(&r->head), len, h);
	if (err || h->two_hosts) {
		answer_page(r, err == ERR_TOO_BIG ? 431 : 400, 0, NULL);
		return true;
	}
	r->keep = h->keep_alive;
	r->http_1_0 = h->minor == 0;
	r->to_head = http_head_asks(h, "HEAD");
	r->repeatable = is_repeatable(h);
	r->wants_upgrade = h->upgrade;
	r->expects = h->expect_continue;
	begin_body(r, HTTP_VISITOR, h->body, h->length);
	r->asking = ASK_ROUTE;
	return true;
}

static bool step_head(struct http_gateway *r)
{
	struct buf *in = &r->in[HTTP_VISITOR];
	r->to_head = r->http_1_0 = false;
	int found = buf_len(in) ? http_scan(&r->scan[HTTP_VISITOR], buf_data(in), buf_len(in)) : 0;
	if (found > 0)
		return take_request(r, (size_t)found);
	if (found < 0) {
		answer_page(r, found == ERR_TOO_BIG ? 431 : 400, 0, NULL);
		return true;
	}
	if (r->eof[HTTP_VISITOR])
		finish(r);
	return r->eof[HTTP_VISITOR];
}

/* Each side when its message is over. */
static void begin_tunnel(struct http_gateway *r)
{
	if (r->asking == ASK_SENT) {
		r->asking = ASK_TUNNEL;
		begin_body(r, HTTP_VISITOR, HTTP_BODY_CLOSE, 0);
	}
	if (r->answering == ANSWER_HEAD) {
		r->answering = ANSWER_TUNNEL;
		begin_body(r, HTTP_SERVICE, HTTP_BODY_CLOSE, 0);
	}
	r->keep = r->fit = false;
}

static bool step_ask_body(struct http_gateway *r)
{
	if (buf_len(&r->in[HTTP_VISITOR]))
		r->expects = false;
	int moved = move_body(r, HTTP_VISITOR);
	if (moved > 0) {
		r->asking = ASK_SENT;
		if (r->answering == ANSWER_TUNNEL)
			begin_tunnel(r);
		return true;
	}
	if (moved < 0) {
		if (r->answering == ANSWER_HEAD)
			answer_page(r, 400, 0, NULL);
		else
			abort_all(r);
		return true;
	}
	/* What is left in hand waits for room, or is the beginning of a chunk that will never be
	 * whole. */
	bool waits_for_room = buf_len(&r->out[HTTP_SERVICE]) >= HTTP_QUEUE_MAX;
	if (!r->eof[HTTP_VISITOR] || waits_for_room)
		return false;
	if (r->answering == ANSWER_DONE)
		finish(r);
	else
		abort_all(r);
	return true;
}

static bool step_ask(struct http_gateway *r)
{
	struct buf *in = &r->in[HTTP_VISITOR];
	switch (r->asking) {
	case ASK_HEAD:
		return step_head(r);
	case ASK_BODY:
		return step_ask_body(r);
	case ASK_TUNNEL:
		move_body(r, HTTP_VISITOR);
		return false;
	case ASK_DISCARD:
		buf_fini(in);
		return false;
	case ASK_ROUTE:
	case ASK_OPEN:
	case ASK_SENT:
		return false;
	}
	return false;
}

static bool is_over(const struct http_gateway *r)
{
	return r->eof[HTTP_SERVICE] || r->broken;
}

/* The stream ended before an answer began. */
static void answer_missing(struct http_gateway *r)
{
	if (r->used && r->repeatable) {
		drop_stream(r);
		r->asking = ASK_OPEN;
		r->answering = ANSWER_NONE;
		return;
	}
	answer_page(r, 502, 0, NULL);
}

/* After 1xx another head follows; 101 is the last. */
static bool take_interim(struct http_gateway *r, const struct http_head *h)
{
	if (h->status == 101 && !r->wants_upgrade)
		return false;
	if (h->status == 101)
		note_status(r, 101);
	if (h->status == 100)
		r->expects = false;
	if (!r->http_1_0)
		head_rewrite_response(h, true, false, 0, &r->out[HTTP_VISITOR]);
	http_scan_init(&r->scan[HTTP_SERVICE], HTTP_LENIENT);
	if (h->status == 101)
		begin_tunnel(r);
	return true;
}

static bool take_answer(struct http_gateway *r, uint8_t *p, size_t len, struct http_head *h)
{
	if (http_head_response(p, len, r->to_head, h))
		return false;
	if (h->odd_lines)
		log_debug("answer_lines_dropped", "lines=%u first=%s", h->odd_lines, h->odd_line);
	if (h->status < 200)
		return take_interim(r, h);
	r->fit = h->keep_alive && h->body != HTTP_BODY_CLOSE;
	/* A visitor of HTTP/1.0 knows no chunks: for it the answer ends with the connection. */
	if (h->body == HTTP_BODY_CLOSE || r->eof[HTTP_VISITOR] ||
	    (r->http_1_0 && h->body == HTTP_BODY_CHUNKED))
		r->keep = false;
	if (r->asking == ASK_BODY && (!r->fit || r->expects))
		r->keep = false;
	head_rewrite_response(h, r->keep, r->http_1_0, r->hsts_s, &r->out[HTTP_VISITOR]);
	note_status(r, h->status);
	begin_body(r, HTTP_SERVICE, h->body, h->length);
	r->answering = ANSWER_BODY;
	return true;
}

static bool step_answer_head(struct http_gateway *r)
{
	struct buf *in = &r->in[HTTP_SERVICE];
	if (buf_len(&r->out[HTTP_VISITOR]) >= HTTP_QUEUE_MAX)
		return false;
	if (!buf_len(in)) {
		if (is_over(r))
			answer_missing(r);
		return is_over(r);
	}
	r->repeatable = false;
	buf_fini(&r->onward);
	int found = http_scan(&r->scan[HTTP_SERVICE], buf_data(in), buf_len(in));
	if (!found && !is_over(r))
		return false;
	bool taken = false;
	if (found > 0) {
		struct http_head *h = mem_alloc(sizeof(*h));
		taken = take_answer(r, buf_data(in), (size_t)found, h);
		mem_free(h);
	}
	if (taken)
		buf_take(in, (size_t)found);
	else
		answer_page(r, 502, 0, NULL);
	return true;
}

static bool step_answer_body(struct http_gateway *r)
{
	int moved = move_body(r, HTTP_SERVICE);
	if (moved > 0) {
		r->answering = ANSWER_DONE;
		return true;
	}
	/* What has been taken is still delivered, whatever follows. */
	if ((!moved && !is_over(r)) || buf_len(&r->out[HTTP_VISITOR]))
		return false;
	if (!moved && r->body[HTTP_SERVICE].kind == HTTP_BODY_CLOSE && !r->broken)
		r->answering = ANSWER_DONE;
	else
		abort_all(r);
	return true;
}

static bool step_answer(struct http_gateway *r)
{
	switch (r->answering) {
	case ANSWER_HEAD:
		return step_answer_head(r);
	case ANSWER_BODY:
		return step_answer_body(r);
	case ANSWER_TUNNEL:
		move_body(r, HTTP_SERVICE);
		if (r->broken && !buf_len(&r->in[HTTP_SERVICE]) && !buf_len(&r->out[HTTP_VISITOR]))
			abort_all(r);
		return false;
	case ANSWER_NONE:
	case ANSWER_DONE:
		/* Nobody asked: such a stream carries no further request. */
		if (r->up && !r->drop && (is_over(r) || buf_len(&r->in[HTTP_SERVICE])))
			r->fit = false;
		if (r->up && !r->drop && !r->fit && r->answering == ANSWER_NONE &&
		    r->asking < ASK_OPEN)
			drop_stream(r);
		return false;
	}
	return false;
}

/* The answer is done; the request may not be, when the service has answered early. A visitor that
 * waited for a 100 and got an answer instead may never send its body, so nothing can follow on that
 * connection. */
static bool step_turn(struct http_gateway *r)
{
	if (r->answering != ANSWER_DONE)
		return false;
	if (r->asking == ASK_BODY && r->keep && r->fit)
		return false;
	if (!r->keep || r->asking == ASK_BODY) {
		finish(r);
		return true;
	}
	if (r->fit)
		r->used = true;
	else
		drop_stream(r);
	begin_next(r);
	return true;
}

static void settle(struct http_gateway *r)
{
	bool again = true;
	while (again && !r->aborted) {
		again = step_ask(r);
		if (!r->aborted)
			again |= step_answer(r);
		if (!r->aborted)
			again |= step_turn(r);
	}
}

struct http_gateway *http_gateway_new(const char *proto)
{
	struct http_gateway *r = mem_zalloc(sizeof(*r));
	r->proto = proto;
	http_scan_init(&r->scan[HTTP_VISITOR], HTTP_STRICT);
	return r;
}

const char *http_gateway_proto(const struct http_gateway *r)
{
	return r->proto;
}

void http_gateway_free(struct http_gateway *r)
{
	if (!r)
		return;
	abort_all(r);
	mem_free(r->note);
	mem_free(r);
}

void http_gateway_set_hsts(struct http_gateway *r, uint32_t hsts_s)
{
	r->hsts_s = hsts_s;
}

size_t http_gateway_room(const struct http_gateway *r, enum http_end from)
{
	size_t most = from == HTTP_VISITOR ? HTTP_HEAD_MAX : HTTP_ANSWER_HEAD_MAX;
	if (r->aborted || (from == HTTP_SERVICE && (!r->up || r->drop)))
		return 0;
	return buf_len(&r->in[from]) < most ? most - buf_len(&r->in[from]) : 0;
}

void http_gateway_feed(struct http_gateway *r, enum http_end from, const void *p, size_t len)
{
	assert(len <= http_gateway_room(r, from));
	buf_put(&r->in[from], p, len);
	settle(r);
}

void http_gateway_eof(struct http_gateway *r, enum http_end from)
{
	if (from == HTTP_SERVICE && (!r->up || r->drop))
		return;
	r->eof[from] = true;
	settle(r);
}

void http_gateway_broken(struct http_gateway *r)
{
	if (!r->up || r->drop)
		return;
	r->broken = true;
	settle(r);
}

size_t http_gateway_peek(const struct http_gateway *r, enum http_end to, const uint8_t **p)
{
	*p = buf_len(&r->out[to]) ? buf_data(&r->out[to]) : NULL;
	return buf_len(&r->out[to]);
}

void http_gateway_consume(struct http_gateway *r, enum http_end to, size_t len)
{
	buf_take(&r->out[to], len);
	settle(r);
	/* Between requests a connection costs next to nothing: there may be thousands of idle
	 * ones. */
	if (r->asking == ASK_HEAD && !buf_len(&r->out[to]))
		buf_fini(&r->out[to]);
	for (int end = 0; end < 2; end++)
		if (r->asking == ASK_HEAD && !buf_len(&r->in[end]))
			buf_fini(&r->in[end]);
}

uint64_t http_gateway_pass(const struct http_gateway *r, enum http_end from)
{
	bool moving = from == HTTP_VISITOR
			  ? r->asking == ASK_BODY || r->asking == ASK_TUNNEL
			  : r->answering == ANSWER_BODY || r->answering == ANSWER_TUNNEL;
	bool empty = !buf_len(&r->in[from]) && !buf_len(&r->out[other(from)]);
	if (!moving || !empty || r->aborted || !r->up || r->drop)
		return 0;
	return body_transfer_pass(&r->body[from]);
}

void http_gateway_passed(struct http_gateway *r, enum http_end from, uint64_t len)
{
	assert(len <= http_gateway_pass(r, from));
	if (!len)
		return;
	if (from == HTTP_VISITOR)
		r->expects = false;
	note_bytes(r, from, len);
	body_transfer_passed(&r->body[from], len);
	settle(r);
}

unsigned http_gateway_wants(const struct http_gateway *r)
{
	bool tunnel = r->answering == ANSWER_TUNNEL;
	bool all_sent[2], ended[2];
	unsigned wants = 0;
	if (r->aborted)
		return HTTP_WANT_ABORT;
	for (int end = 0; end < 2; end++) {
		all_sent[end] = !buf_len(&r->out[end]);
		ended[end] = r->eof[end] && !buf_len(&r->in[end]);
	}
	if (r->asking == ASK_ROUTE)
		wants |= HTTP_WANT_ROUTE;
	if (r->asking == ASK_OPEN && !r->drop)
		wants |= HTTP_WANT_OPEN;
	if (r->drop)
		wants |= HTTP_WANT_DROP;
	if (r->asking == ASK_TUNNEL && ended[HTTP_VISITOR] && all_sent[HTTP_SERVICE])
		wants |= HTTP_WANT_FIN_SERVICE;
	bool last = tunnel ? ended[HTTP_SERVICE] : r->asking == ASK_DISCARD;
	if (last && all_sent[HTTP_VISITOR]) {
		wants |= HTTP_WANT_FIN_VISITOR;
		if (r->eof[HTTP_VISITOR] && (!tunnel || wants & HTTP_WANT_FIN_SERVICE))
			wants |= HTTP_WANT_END;
	}
	return wants;
}

const struct http_head *http_gateway_request(const struct http_gateway *r)
{
	return r->asking == ASK_ROUTE ? r->request : NULL;
}

void http_gateway_note(struct http_gateway *r)
{
	const struct http_head *h = http_gateway_request(r);
	if (!h)
		return;
	const char *query = memchr(h->target.p, '?', h->target.len);
	size_t path = query ? (size_t)(query - h->target.p) : h->target.len;
	r->note = r->note ? r->note : mem_alloc(sizeof *r->note);
	*r->note = (struct http_note){.status = 0};
	snprintf(r->note->method, sizeof r->note->method, "%.*s", (int)h->method.len, h->method.p);
	snprintf(r->note->path, sizeof r->note->path, "%.*s", (int)path, h->target.p);
	r->noted = false;
}

bool http_gateway_take_note(struct http_gateway *r, bool over, struct http_note *out)
{
	if (!r->note || (!r->noted && !over))
		return false;
	*out = *r->note;
	mem_free(r->note);
	r->note = NULL;
	return true;
}

const struct addr *http_gateway_visitor(const struct http_gateway *r)
{
	return &r->origin.visitor;
}

/* The rewritten head goes out; what the visitor sent behind it follows by itself. */
static void send_onward(struct http_gateway *r)
{
	buf_put(&r->out[HTTP_SERVICE], buf_data(&r->onward), buf_len(&r->onward));
	if (!r->repeatable)
		buf_fini(&r->onward);
	r->asking = r->body[HTTP_VISITOR].kind == HTTP_BODY_NONE ? ASK_SENT : ASK_BODY;
	r->answering = ANSWER_HEAD;
	http_scan_init(&r->scan[HTTP_SERVICE], HTTP_LENIENT);
	settle(r);
}

enum basic_auth http_gateway_route(struct http_gateway *r, const struct http_route *route)
{
	if (r->asking != ASK_ROUTE || r->aborted)
		return BASIC_AUTH_NONE;
	enum basic_auth auth = route->user
				   ? basic_auth_check(r->request, route->user, route->password)
				   : BASIC_AUTH_RIGHT;
	if (auth != BASIC_AUTH_RIGHT) {
		answer_page(r, 401, 0, route->realm);
		settle(r);
		return auth;
	}
	bool again = r->up && !r->drop && r->fit && r->key == route->key && r->repeatable &&
		     addr_equal(&r->origin.visitor, route->visitor);
	r->key = route->key;
	r->origin = (struct http_origin){.visitor = *route->visitor,
					 .proto = route->proto,
					 .port = route->port,
					 .host = route->host,
					 .hide_authorization = route->user != NULL};
	head_rewrite_request(r->request, &r->origin, &r->onward);
	r->origin.host = NULL; /* the caller's */
	forget_request(r);
	if (again) {
		send_onward(r);
		return auth;
	}
	drop_stream(r);
	r->asking = ASK_OPEN;
	return auth;
}

void http_gateway_refuse(struct http_gateway *r, unsigned status, unsigned retry_after_s)
{
	bool waiting = r->asking == ASK_ROUTE || r->asking == ASK_OPEN ||
		       (r->answering == ANSWER_HEAD && !buf_len(&r->in[HTTP_SERVICE]));
	if (!waiting || r->aborted)
		return;
	answer_page(r, status, retry_after_s, NULL);
	settle(r);
}

void http_gateway_redirect(struct http_gateway *r, uint16_t port)
{
	enum { HTTPS_PORT = 443 };
	struct buf place = BUF_INIT;
	if (r->asking != ASK_ROUTE || r->aborted)
		return;
	const struct http_head *h = r->request;
	buf_printf(&place, "https://%s", h->host);
	if (port != HTTPS_PORT)
		buf_printf(&place, ":%u", (unsigned)port);
	bool asks_server = http_span_is(h->target, "*"); /* as OPTIONS may */
	buf_puts(&place, h->target_is_bare || asks_server ? "/" : "");
	if (!asks_server)
		buf_put(&place, h->target.p, h->target.len);
	answer(r, (struct error_page){.status = 308, .location = buf_str(&place)});
	buf_fini(&place);
	settle(r);
}

void http_gateway_opened(struct http_gateway *r)
{
	if (r->asking != ASK_OPEN || r->drop || r->aborted)
		return;
	r->up = true;
	r->used = r->fit = false;
	r->eof[HTTP_SERVICE] = r->broken = false;
	send_onward(r);
}

void http_gateway_dropped(struct http_gateway *r)
{
	if (!r->drop)
		return;
	r->up = r->drop = false;
	r->eof[HTTP_SERVICE] = r->broken = false;
	settle(r);
}

bool http_gateway_unread(const struct http_gateway *r, struct buf *out)
{
	if (r->asking != ASK_ROUTE || buf_len(&r->out[HTTP_VISITOR]))
		return false;
	buf_put(out, buf_data(&r->head), buf_len(&r->head));
	if (buf_len(&r->in[HTTP_VISITOR]))
		buf_put(out, buf_data(&r->in[HTTP_VISITOR]), buf_len(&r->in[HTTP_VISITOR]));
	return true;
}

enum http_phase http_gateway_phase(const struct http_gateway *r)
{
	if (r->aborted || r->asking == ASK_DISCARD)
		return HTTP_PHASE_LINGER;
	if (r->asking == ASK_TUNNEL)
		return HTTP_PHASE_TUNNEL;
	if (r->asking != ASK_HEAD)
		return HTTP_PHASE_SERVING;
	return buf_len(&r->in[HTTP_VISITOR]) ? HTTP_PHASE_HEAD : HTTP_PHASE_IDLE;
}

const char *http_phase_text(enum http_phase phase)
{
	static const char *const text[] = {"idle", "head", "serving", "tunnel", "linger"};
	return text[phase];
}

void http_gateway_timeout(struct http_gateway *r)
{
	enum http_phase phase = http_gateway_phase(r);
	if (phase == HTTP_PHASE_HEAD)
		answer_page(r, 408, 0, NULL);
	else if (phase == HTTP_PHASE_IDLE)
		finish(r);
	settle(r);
}

bool http_gateway_awaits_body(const struct http_gateway *r)
{
	return r->asking == ASK_BODY && !r->expects && !r->aborted;
}

bool http_gateway_is_kept(const struct http_gateway *r, bool reading, bool writing)
{
	switch (http_gateway_phase(r)) {
	case HTTP_PHASE_IDLE:
	case HTTP_PHASE_HEAD:
		return true;
	case HTTP_PHASE_SERVING:
		return writing || (reading && http_gateway_awaits_body(r));
	case HTTP_PHASE_TUNNEL:
	case HTTP_PHASE_LINGER:
		return writing;
	}
	return false;
}

void http_gateway_give_up(struct http_gateway *r)
{
	enum http_phase phase = http_gateway_phase(r);
	bool unanswered = r->answering == ANSWER_HEAD && !buf_len(&r->in[HTTP_SERVICE]) &&
			  !buf_len(&r->out[HTTP_VISITOR]);
	if (phase == HTTP_PHASE_IDLE || phase == HTTP_PHASE_HEAD) {
		http_gateway_timeout(r);
	} else if (r->asking == ASK_BODY && unanswered) {
		answer_page(r, 408, 0, NULL);
		settle(r);
	} else if (phase != HTTP_PHASE_LINGER || buf_len(&r->out[HTTP_VISITOR])) {
		abort_all(r);
	}
}

size_t http_gateway_held(const struct http_gateway *r)
{
	size_t bytes = r->head.cap + r->onward.cap + (r->request ? sizeof(*r->request) : 0) +
		       (r->note ? sizeof(*r->note) : 0);
	for (int end = 0; end < 2; end++)
		bytes += r->in[end].cap + r->out[end].cap;
	return bytes;
}
