/*
 * Any bytes from a visitor, and any answers from a service (behind the first 0xff; each 0xff after
 * that ends the stream). However they are cut, what goes onward is the same, and read strictly
 * again it is exactly as many requests as were routed: nothing was smuggled.
 *
 * Where streams are used again (a fourth run), what goes onward may depend on the cut: bytes behind
 * an answer are nobody's when they come with it, and the next answer when they come after the next
 * request.
 */
#include "shared/http/chunked_body.h"
#include "shared/http/http_gateway.h"
#include "shared/base/buf.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct run {
	struct http_gateway *r;
	struct buf onward, back;
	bool reuse; /* requests to one host may share a stream */
	uint64_t routed;
	size_t opened; /* streams */
	bool tunnel;
};

static void look(struct run *run)
{
	static const struct addr visitor = {.family = 4, .ip = {192, 0, 2, 7}};
	for (unsigned again = 1; again;) {
		unsigned wants = http_gateway_wants(run->r);
		again = wants & (HTTP_WANT_ROUTE | HTTP_WANT_DROP | HTTP_WANT_OPEN);
		if (wants & HTTP_WANT_ROUTE) {
			const struct http_head *h = http_gateway_request(run->r);
			if (!strcmp(h->host, "none"))
				http_gateway_refuse(run->r, 404, 0);
			else
				http_gateway_route(run->r,
						   &(struct http_route){
						       .key = run->reuse ? 1u + (uint8_t)h->host[0]
									 : ++run->routed,
						       .visitor = &visitor,
						       .proto = "http"});
		} else if (wants & HTTP_WANT_DROP) {
			http_gateway_dropped(run->r);
		} else if (wants & HTTP_WANT_OPEN) {
			run->opened++;
			http_gateway_opened(run->r);
		}
		for (int to = 0; to < 2; to++) {
			const uint8_t *p;
			size_t n = http_gateway_peek(run->r, to, &p);
			buf_put(to == HTTP_SERVICE ? &run->onward : &run->back, p, n);
			http_gateway_consume(run->r, to, n);
			again |= n > 0;
		}
		run->tunnel |= http_gateway_phase(run->r) == HTTP_PHASE_TUNNEL;
	}
}

static void give(struct run *run, enum http_end from, const uint8_t *p, size_t len, size_t piece)
{
	size_t opened = run->opened; /* what one stream says, no other does */
	for (size_t at = 0; at < len && (from == HTTP_VISITOR || run->opened == opened);) {
		size_t n = len - at < piece ? len - at : piece,
		       room = http_gateway_room(run->r, from);
		if (!room)
			return;
		n = n < room ? n : room;
		http_gateway_feed(run->r, from, p + at, n);
		at += n;
		look(run);
	}
}

static void play(struct run *run, const uint8_t *data, size_t len, size_t piece, bool reuse)
{
	memset(run, 0, sizeof(*run));
	run->reuse = reuse;
	run->r = http_gateway_new("http");
	const uint8_t *cut = memchr(data, 0xff, len);
	size_t said = cut ? (size_t)(cut - data) : len;
	give(run, HTTP_VISITOR, data, said, piece);
	while (cut) {
		const uint8_t *p = cut + 1;
		size_t left = len - (size_t)(p - data);
		cut = memchr(p, 0xff, left);
		give(run, HTTP_SERVICE, p, cut ? (size_t)(cut - p) : left, piece);
		if (cut)
			http_gateway_eof(run->r, HTTP_SERVICE);
		look(run);
	}
}

/* Walks over what went onward as the strictest service would. */
static void read_again(const struct buf *b)
{
	const uint8_t *p = buf_data(b);
	size_t left = buf_len(b);
	static struct http_head h;
	while (left) {
		struct http_scan scan;
		/* what is said about the origin may take it past a visitor's limit */
		http_scan_init(&scan, HTTP_LENIENT);
		int found = http_scan(&scan, p, left);
		assert(found > 0);
		if (found >= HTTP_HEAD_MAX || scan.lines > HTTP_FIELDS_MAX)
			return;
		assert(!http_head_request(p, (size_t)found, &h));
		const struct http_field *f = http_head_field(&h, "x-forwarded-for");
		assert(f && http_span_is(f->value, "192.0.2.7"));
		p += found;
		left -= (size_t)found;
		if (h.upgrade)
			return;
		if (h.body == HTTP_BODY_LENGTH) {
			size_t n = left < h.length ? left : (size_t)h.length;
			p += n;
			left -= n;
		}
		struct chunked_body c;
		chunked_body_init(&c, HTTP_STRICT);
		for (enum http_piece piece = HTTP_PIECE_SIZE;
		     h.body == HTTP_BODY_CHUNKED && piece != HTTP_PIECE_END;) {
			size_t used;
			piece = chunked_body_next(&c, p, left, &used);
			assert(piece != HTTP_PIECE_BAD);
			p += used;
			left -= used;
			if (piece == HTTP_PIECE_MORE)
				return;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const size_t pieces[] = {SIZE_MAX, 1, 5, 3};
	struct run runs[4];
	if (len > 100000)
		return 0;
	for (int i = 0; i < 4; i++) {
		play(&runs[i], data, len, pieces[i], i == 3);
		if (buf_len(&runs[i].onward) && !runs[i].tunnel)
			read_again(&runs[i].onward);
		/* A request found broken in the same piece as its beginning never leaves, so one
		 * may be shorter. */
		size_t a = buf_len(&runs[0].onward), b = buf_len(&runs[i].onward),
		       n = a < b ? a : b;
		assert(!n || runs[i].reuse ||
		       !memcmp(buf_data(&runs[0].onward), buf_data(&runs[i].onward), n));
	}
	for (int i = 0; i < 4; i++) {
		http_gateway_free(runs[i].r);
		buf_fini(&runs[i].onward);
		buf_fini(&runs[i].back);
	}
	return 0;
}
