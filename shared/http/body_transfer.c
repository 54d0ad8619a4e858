#include "shared/http/body_transfer.h"

void body_transfer_begin(struct body_transfer *t, enum http_body kind, uint64_t len,
			 enum http_strictness how, enum http_rechunk rechunk)
{
	*t = (struct body_transfer){.kind = kind, .rechunk = rechunk, .left = len};
	chunked_body_init(&t->chunks, how);
}

static void put_piece(struct body_transfer *t, enum http_piece piece, const void *p, size_t len,
		      struct buf *out)
{
	bool anew = t->rechunk == HTTP_CHUNKS_ANEW;
	if (piece == HTTP_PIECE_SIZE && anew)
		buf_printf(out, "%llx\r\n", (unsigned long long)t->chunks.left);
	else if (piece == HTTP_PIECE_END && anew)
		buf_puts(out, "\r\n");
	else if (piece == HTTP_PIECE_DATA || t->rechunk != HTTP_CHUNKS_DATA_ALONE)
		buf_put(out, p, len);
}

static int move_chunks(struct body_transfer *t, struct buf *in, struct buf *out)
{
	while (buf_len(in)) {
		size_t have = buf_len(in), used, held = buf_len(out);
		if (held >= HTTP_QUEUE_MAX)
			return 0;
		if (t->chunks.at == CHUNKED_BODY_DATA && have > HTTP_QUEUE_MAX - held)
			have = HTTP_QUEUE_MAX - held;
		enum http_piece piece = chunked_body_next(&t->chunks, buf_data(in), have, &used);
		if (piece == HTTP_PIECE_BAD)
			return -1;
		if (piece == HTTP_PIECE_MORE)
			return 0;
		put_piece(t, piece, buf_data(in), used, out);
		buf_take(in, used);
		if (piece == HTTP_PIECE_END)
			return 1;
	}
	return 0;
}

int body_transfer_move(struct body_transfer *t, struct buf *in, struct buf *out)
{
	if (t->kind == HTTP_BODY_CHUNKED)
		return move_chunks(t, in, out);
	if (t->kind == HTTP_BODY_NONE)
		return 1;
	size_t len = buf_len(in), held = buf_len(out);
	size_t room = held < HTTP_QUEUE_MAX ? HTTP_QUEUE_MAX - held : 0;
	if (t->kind == HTTP_BODY_LENGTH && len > t->left)
		len = (size_t)t->left;
	if (len > room)
		len = room;
	buf_put(out, len ? buf_data(in) : NULL, len);
	buf_take(in, len);
	if (t->kind == HTTP_BODY_CLOSE)
		return 0;
	t->left -= len;
	return !t->left;
}

uint64_t body_transfer_pass(const struct body_transfer *t)
{
	if (t->kind == HTTP_BODY_CHUNKED)
		return t->chunks.at == CHUNKED_BODY_DATA ? t->chunks.left : 0;
	return t->kind == HTTP_BODY_CLOSE ? UINT64_MAX : t->left;
}

void body_transfer_passed(struct body_transfer *t, uint64_t len)
{
	if (t->kind == HTTP_BODY_CHUNKED)
		chunked_body_skip(&t->chunks, len);
	else if (t->kind == HTTP_BODY_LENGTH)
		t->left -= len;
}
