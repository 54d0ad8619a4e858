#include "shared/net/first_frame.h"

#include "shared/base/err.h"

#include <uv.h>

static int parse(struct buf *in, struct frame *f)
{
	if (buf_len(in) < FRAME_HEADER)
		return 0;
	int err = frame_read(buf_data(in), f);
	if (err < 0)
		return err;
	if (f->kind != FRAME_HELLO && f->kind != FRAME_WELCOME && f->kind != FRAME_REFUSE)
		return ERR_PROTOCOL;
	return buf_len(in) >= FRAME_HEADER + f->len;
}

int first_frame_read(struct io *io, struct buf *in, struct frame *f)
{
	while (buf_len(in) < FIRST_FRAME_READ_AHEAD) {
		size_t room = FIRST_FRAME_READ_AHEAD - buf_len(in);
		ssize_t n = io_read(io, buf_reserve(in, room), room);
		if (n == UV_EAGAIN)
			return 0;
		if (n <= 0)
			return n < 0 ? (int)n : ERR_CLOSED;
		buf_commit(in, (size_t)n);
		int got = parse(in, f);
		if (got != 0)
			return got;
	}
	return ERR_TOO_BIG;
}
