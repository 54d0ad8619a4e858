/*
 * The HTTP/1.x gateway for the connection of one visitor. Pure: bytes and facts go in, bytes and
 * wants come out. It has no socket, no clock and no pointer to its owner, so it can move to another
 * thread as a whole.
 *
 * Each request is routed on its own, and goes over one stream to its service. The stream is a new
 * one, unless the stream of the last answer can take another request of the same visitor to the
 * same place. Requests sent ahead (pipelining) wait for their turn. Bodies stream through; the
 * gateway keeps no more of them than one queue holds.
 *
 * The owner feeds the bytes that it reads, sends the bytes that it finds, and looks again after
 * each call:
 *
 *	bytes    room → feed;  peek → send → consume;  pass → move past the gateway → passed
 *	ends     eof(VISITOR), eof(SERVICE), broken
 *	wants    ROUTE: route, or refuse · OPEN: open a stream, opened (or refuse) · DROP: close the
 *	         stream, dropped · FIN_…, END, ABORT
 *
 * The gateway never calls back, and telling it the same thing twice does no harm. A want stays
 * until it is met.
 */
#ifndef GROUNDNUT_HTTP_HTTP_GATEWAY_H
#define GROUNDNUT_HTTP_HTTP_GATEWAY_H

#include "shared/http/body_transfer.h"
#include "shared/base/addr.h"
#include "shared/http/basic_auth.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_gateway;

enum http_end { HTTP_VISITOR, HTTP_SERVICE };

/* proto: "http" or "https", the way by which the connection came; borrowed for ever. */
struct http_gateway *http_gateway_new(const char *proto);
const char *http_gateway_proto(const struct http_gateway *r);
void http_gateway_free(struct http_gateway *r);
/* Has each answer from now on tell browsers for how many seconds they must use HTTPS; 0: none
 * does. */
void http_gateway_set_hsts(struct http_gateway *r, uint32_t hsts_s);

/* Feeds bytes from one end, at most as many as there is room. Room 0: do not read from it now. */
size_t http_gateway_room(const struct http_gateway *r, enum http_end from);
void http_gateway_feed(struct http_gateway *r, enum http_end from, const void *p, size_t len);
/* The end's FIN has come, after all that was fed. */
void http_gateway_eof(struct http_gateway *r, enum http_end from);
/* The stream was reset, after all that was fed. */
void http_gateway_broken(struct http_gateway *r);

/* The bytes for one end: peek finds them, and consume takes those that were sent. */
size_t http_gateway_peek(const struct http_gateway *r, enum http_end to, const uint8_t **p);
void http_gateway_consume(struct http_gateway *r, enum http_end to, size_t len);

/* How many of the next bytes from this end may go to the other end unchanged, without being fed;
 * UINT64_MAX: all; 0: feed them. A part of them may be fed, too. */
uint64_t http_gateway_pass(const struct http_gateway *r, enum http_end from);
void http_gateway_passed(struct http_gateway *r, enum http_end from, uint64_t len);

enum http_want {
	HTTP_WANT_ROUTE = 1, /* route the request of http_gateway_request() */
	/* open a new stream to where the request was routed; never together with DROP */
	HTTP_WANT_OPEN = 2,
	HTTP_WANT_DROP = 4,        /* close the present stream; it is of no use any more */
	HTTP_WANT_FIN_SERVICE = 8, /* half-close the stream (upgraded connections only) */
	/* Half-close the visitor: nothing more comes for it. Read on, and drop the bytes, until the
	 * visitor ends or for a moment. */
	HTTP_WANT_FIN_VISITOR = 16,
	HTTP_WANT_END = 32, /* close: both ways are over */
	/* Reset both: an answer or a request was cut off, and nobody must take it for whole. */
	HTTP_WANT_ABORT = 64,
};
unsigned http_gateway_wants(const struct http_gateway *r);

/* A request, for a log. */
struct http_note {
	char method[24];
	char path[512];  /* without the query; a longer one is cut */
	unsigned status; /* the answer's; 0: none came */
	/* The bytes of its body and of the answer's, chunks with their size lines, and what follows
	 * a 101. A page of our own counts none. */
	uint64_t in, out;
};
/* Notes the request that wants ROUTE. */
void http_gateway_note(struct http_gateway *r);
/* Takes the note of a request that is over. over: the connection is over, so a request under way is
 * over, too. False: there is none. */
bool http_gateway_take_note(struct http_gateway *r, bool over, struct http_note *out);

/* The request that wants ROUTE; valid while it does. */
const struct http_head *http_gateway_request(const struct http_gateway *r);
/* The visitor for whom the last request was routed. */
const struct addr *http_gateway_visitor(const struct http_gateway *r);

struct http_route {
	/* The same key means the same service: its stream may be used again for the same visitor.
	 * Never 0. */
	uint64_t key;
	const struct addr *visitor; /* the sender of the request */
	const char *proto;          /* "http" or "https", borrowed for ever */
	/* the port that the visitor came to; 0: the service is not told */
	uint16_t port;
	const char *host;            /* the Host for the service; NULL: the visitor's */
	const char *user, *password; /* basic_auth, or NULL; used during the call only */
	const char *realm;           /* the mapping's name, for a 401 */
};
/* Meets ROUTE. OPEN follows, or nothing when the present stream will do, or a 401. Returns the
 * verdict on the request's name and password; RIGHT without basic_auth. */
enum basic_auth http_gateway_route(struct http_gateway *r, const struct http_route *route);
/* Meets ROUTE or OPEN with our own page, or answers for a stream that has not answered yet. status:
 * 403, 404, 421, 429, 502, 503 or 509. */
void http_gateway_refuse(struct http_gateway *r, unsigned status, unsigned retry_after_s);
/* Meets ROUTE: redirects the visitor to the same place by HTTPS at this port. */
void http_gateway_redirect(struct http_gateway *r, uint16_t port);
void http_gateway_opened(struct http_gateway *r);
void http_gateway_dropped(struct http_gateway *r);
/* Instead of meeting ROUTE: appends the raw request and all bytes behind it, so that another
 * door can take it over. False: an earlier answer is still on its way. */
bool http_gateway_unread(const struct http_gateway *r, struct buf *out);

/* --- for the owner's clock --- */
enum http_phase {
	HTTP_PHASE_IDLE,    /* between requests, or before the first */
	HTTP_PHASE_HEAD,    /* a head has begun and is not whole: head_s counts */
	HTTP_PHASE_SERVING, /* a request is under way */
	HTTP_PHASE_TUNNEL,  /* upgraded: bytes both ways until both ends */
	HTTP_PHASE_LINGER,  /* the last answer is on its way or out: a few seconds, then close */
};
enum http_phase http_gateway_phase(const struct http_gateway *r);
const char *http_phase_text(enum http_phase phase);
/* The time for IDLE or HEAD is over: answers 408 to a head that has begun. Does nothing in other
 * phases. */
void http_gateway_timeout(struct http_gateway *r);
/* Whether more of a request's body must come from the visitor, which waits for nothing itself. */
bool http_gateway_awaits_body(const struct http_gateway *r);
/* Whether everything waits for the visitor. reading: its bytes are wanted and none have come.
 * writing: it must take some. */
bool http_gateway_is_kept(const struct http_gateway *r, bool reading, bool writing);
/* The visitor has made everything wait for too long, in any phase: answers 408 while nothing is
 * answered, else wants ABORT. */
void http_gateway_give_up(struct http_gateway *r);

/* How many bytes of memory it holds for what is under way. */
size_t http_gateway_held(const struct http_gateway *r);

#endif
