/*
 * A chunked body (RFC 9112 section 7.1), taken apart piece by piece out of bytes that come bit by
 * bit. Pure. Strict for what a visitor sends; for what a service sends, bare LF and blanks around a
 * size are forgiven, as every client forgives them.
 */
#ifndef GROUNDNUT_HTTP_CHUNKED_BODY_H
#define GROUNDNUT_HTTP_CHUNKED_BODY_H

#include "shared/http/http_head.h"

enum { HTTP_CHUNK_LINE_MAX = 1024 };

enum http_piece {
	HTTP_PIECE_MORE,  /* nothing whole yet; *used is 0 */
	HTTP_PIECE_SIZE,  /* a size line: left is the chunk's size, 0 for the last */
	HTTP_PIECE_DATA,  /* *used bytes of data */
	HTTP_PIECE_CLOSE, /* the line end behind a chunk's data */
	/* the trailers (checked, fields that say where a message goes or ends refused) and the
	 * body's end */
	HTTP_PIECE_END,
	HTTP_PIECE_BAD,
};

struct chunked_body {
	enum http_strictness how;
	enum { CHUNKED_BODY_SIZE, CHUNKED_BODY_DATA, CHUNKED_BODY_CLOSE, CHUNKED_BODY_TRAILERS } at;
	uint64_t left;         /* bytes of this chunk's data still to come */
	struct http_scan scan; /* of the trailers */
};

void chunked_body_init(struct chunked_body *c, enum http_strictness how);
/* p, len: all bytes not used yet. */
enum http_piece chunked_body_next(struct chunked_body *c, const uint8_t *p, size_t len,
				  size_t *used);
/* Data bytes that went by without being looked at; at most left, while at is CHUNKED_BODY_DATA. */
void chunked_body_skip(struct chunked_body *c, uint64_t len);

#endif
