/*
 * A chunked body (RFC 9112 section 7.1), taken apart piece by piece out of bytes that come bit by
 * bit. Pure. Strict for what a visitor sends; for what a service sends, bare LF and blanks around a
 * size are forgiven, as every client forgives them.
 */
#ifndef GROUNDNUT_RELAY_DOORS_HTTP_CHUNKS_H
#define GROUNDNUT_RELAY_DOORS_HTTP_CHUNKS_H

#include "relay/doors/http_head.h"

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

struct http_chunks {
	enum http_strictness how;
	enum { HTTP_CHUNKS_SIZE, HTTP_CHUNKS_DATA, HTTP_CHUNKS_CLOSE, HTTP_CHUNKS_TRAILERS } at;
	uint64_t left;         /* bytes of this chunk's data still to come */
	struct http_scan scan; /* of the trailers */
};

void http_chunks_init(struct http_chunks *c, enum http_strictness how);
/* p, len: all bytes not used yet. */
enum http_piece http_chunks_next(struct http_chunks *c, const uint8_t *p, size_t len, size_t *used);
/* Data bytes that went by without being looked at; at most left, while at is HTTP_CHUNKS_DATA. */
void http_chunks_skip(struct http_chunks *c, uint64_t len);

#endif
