/*
 * The HTTP/1.x gateway for one visitor's connection. Pure: bytes and facts in, bytes and wants out,
 * no socket, no clock, no pointer outward, so that it can move to another thread whole.
 *
 * Each request is routed anew and goes over one stream to its service. The stream is a fresh one,
 * unless the last answer left its stream fit for another request of the same visitor to the same
 * place. Requests sent ahead (pipelining) wait their turn. Bodies stream through; nothing is kept
 * but what one queue holds.
 *
 * The owner feeds what it reads, sends what it finds, and after each call looks again:
 *
 *	bytes    room → feed;  peek → send → consume;  pass → move past the gateway → passed
 *	ends     eof(VISITOR), eof(SERVICE), broken
 *	wants    ROUTE: route, or refuse · OPEN: open a stream, opened (or refuse) · DROP: close the
 *	         stream, dropped · FIN_…, END, ABORT
 *
 * Nothing here calls back, and telling the same thing twice does no harm. A want stands until it is
 * met.
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

/* proto: what the connection came over, "http" or "https"; kept by reference. */
struct http_gateway *http_gateway_new(const char *proto);
const char *http_gateway_proto(const struct http_gateway *r);
void http_gateway_free(struct http_gateway *r);
/* For how long browsers are to ask by HTTPS only, as every answer says from now on; 0: not said. */
void http_gateway_set_hsts(struct http_gateway *r, uint32_t hsts_s);

/* Bytes from one end: at most room of them. Room 0: do not read from there now. */
size_t http_gateway_room(const struct http_gateway *r, enum http_end from);
void http_gateway_feed(struct http_gateway *r, enum http_end from, const void *p, size_t len);
/* its FIN came, behind all that was fed */
void http_gateway_eof(struct http_gateway *r, enum http_end from);
/* the stream was reset, behind all that was fed */
void http_gateway_broken(struct http_gateway *r);

/* Bytes toward one end. */
size_t http_gateway_peek(const struct http_gateway *r, enum http_end to, const uint8_t **p);
void http_gateway_consume(struct http_gateway *r, enum http_end to, size_t len);

/* How many of the next bytes from that end (UINT64_MAX: all) may go to the other end as they are,
 * without being fed; 0: feed them. Any part may. */
uint64_t http_gateway_pass(const struct http_gateway *r, enum http_end from);
void http_gateway_passed(struct http_gateway *r, enum http_end from, uint64_t len);

enum http_want {
	HTTP_WANT_ROUTE = 1, /* http_gateway_request says for what */
	/* a fresh stream to where the request was routed; never together with DROP */
	HTTP_WANT_OPEN = 2,
	HTTP_WANT_DROP = 4,        /* the stream there is is of no use any more */
	HTTP_WANT_FIN_SERVICE = 8, /* half-close it (upgraded connections only) */
	/* nothing more will come for the visitor; go on reading (it is thrown away) till it ends,
	 * or a moment */
	HTTP_WANT_FIN_VISITOR = 16,
	HTTP_WANT_END = 32, /* both ways are over: close */
	/* an answer or a request was cut off: reset both, so that nobody takes it for whole */
	HTTP_WANT_ABORT = 64,
};
unsigned http_gateway_wants(const struct http_gateway *r);

/* A request, for a log. */
struct http_note {
	char method[24];
	char path[512];  /* without the query; longer ones are cut */
	unsigned status; /* of its answer; 0: none came */
	uint64_t in,
	    out; /* bytes of its body and of the answer's, chunks with their size lines; what
			   * follows a 101, too. A page of our own counts none. */
};
/* While ROUTE is wanted: this request is noted. */
void http_gateway_note(struct http_gateway *r);
/* Takes the note of a request that is over, or, with the connection over, of one under way. False:
 * there is none. */
bool http_gateway_take_note(struct http_gateway *r, bool over, struct http_note *out);

/* The request to be routed; valid while ROUTE is wanted. */
const struct http_head *http_gateway_request(const struct http_gateway *r);
/* for whom the last request was routed */
const struct addr *http_gateway_visitor(const struct http_gateway *r);

struct http_route {
	/* same key: same service, so its stream may be used again for the same visitor; never 0 */
	uint64_t key;
	const struct addr *visitor;  /* the request is sent for */
	const char *proto;           /* "http" or "https", kept by reference */
	uint16_t port;               /* that the visitor came to; 0: not told to the service */
	const char *host;            /* that the service is told; NULL: the visitor's */
	const char *user, *password; /* basic_auth, or NULL; used during the call only */
	const char *realm;           /* for its 401: the mapping's name */
};
/* Meets ROUTE: OPEN follows, or nothing when the stream there is will do, or a 401. What became of
 * the request's name and password; RIGHT without basic_auth. */
enum basic_auth http_gateway_route(struct http_gateway *r, const struct http_route *route);
/* Meets ROUTE or OPEN, or answers for a stream that has not answered yet, with a page of our own:
 * 403, 404, 421, 429, 502, 503, 509. */
void http_gateway_refuse(struct http_gateway *r, unsigned status, unsigned retry_after_s);
/* Meets ROUTE: the visitor is sent to the same place by HTTPS at that port. */
void http_gateway_redirect(struct http_gateway *r, uint16_t port);
void http_gateway_opened(struct http_gateway *r);
void http_gateway_dropped(struct http_gateway *r);
/* Instead of meeting ROUTE: the raw request and all behind it, for another door to take over; false
 * when an earlier answer is still on its way. */
bool http_gateway_unread(const struct http_gateway *r, struct buf *out);

/* For the owner's clock: */
enum http_phase {
	HTTP_PHASE_IDLE,    /* between requests, or before the first */
	HTTP_PHASE_HEAD,    /* a head has begun and is not complete: head_s counts */
	HTTP_PHASE_SERVING, /* a request is under way */
	HTTP_PHASE_TUNNEL,  /* upgraded: bytes both ways until both ends */
	HTTP_PHASE_LINGER,  /* the last answer is on its way or out: a few seconds, then close */
};
enum http_phase http_gateway_phase(const struct http_gateway *r);
const char *http_phase_text(enum http_phase phase);
/* The time for IDLE or HEAD is over: a 408 for a begun head; nothing in other phases. */
void http_gateway_timeout(struct http_gateway *r);
/* More of a request's body has to come from the visitor, which waits for nothing itself. */
bool http_gateway_awaits_body(const struct http_gateway *r);
/* Whether everything waits for the visitor: reading, its bytes are wanted and none are here;
 * writing, it has to take some. */
bool http_gateway_is_kept(const struct http_gateway *r, bool reading, bool writing);
/* The visitor has kept us waiting for too long, in any phase: a 408 while nothing has been
 * answered, else what is under way breaks off (ABORT). */
void http_gateway_give_up(struct http_gateway *r);

/* bytes of memory for what is under way */
size_t http_gateway_held(const struct http_gateway *r);

#endif
