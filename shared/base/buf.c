#include "shared/base/buf.h"

#include "shared/base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_CAP = 256 };

void buf_init(struct buf *b)
{
	*b = (struct buf)BUF_INIT;
}

void buf_fini(struct buf *b)
{
	mem_free(b->base);
	buf_init(b);
}

uint8_t *buf_reserve(struct buf *b, size_t len)
{
	size_t held = buf_len(b);
	if (b->base && len <= b->cap - b->end)
		return b->base + b->end;
	/* Moving is paid for by the bytes taken since the last move; with fewer of them, growing is
	 * cheaper. */
	if (b->base && b->start) {
		memmove(b->base, b->base + b->start, held);
		size_t taken = b->start;
		b->start = 0;
		b->end = held;
		if (taken >= held && len <= b->cap - held)
			return b->base + held;
	}
	assert(len <= SIZE_MAX / 4 && held <= SIZE_MAX / 4);
	size_t cap = b->cap ? b->cap * 2 : FIRST_CAP;
	while (cap < held + len)
		cap *= 2;
	b->base = mem_resize(b->base, cap);
	b->cap = cap;
	return b->base + held;
}

void buf_commit(struct buf *b, size_t len)
{
	assert(len <= b->cap - b->end);
	b->end += len;
}

void buf_put(struct buf *b, const void *p, size_t len)
{
	if (!len)
		return;
	memcpy(buf_reserve(b, len), p, len);
	b->end += len;
}

void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	buf_reserve(b, 64);
	size_t room = b->cap - b->end;
	int len = vsnprintf((char *)b->base + b->end, room, format, args);
	assert(len >= 0);
	if ((size_t)len >= room)
		vsnprintf((char *)buf_reserve(b, (size_t)len + 1), (size_t)len + 1, format, again);
	va_end(again);
	b->end += (size_t)len;
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buf_vprintf(b, format, args);
	va_end(args);
}

void buf_take(struct buf *b, size_t len)
{
	assert(len <= buf_len(b));
	b->start += len;
	if (b->start == b->end)
		b->start = b->end = 0;
}

const char *buf_str(struct buf *b)
{
	*buf_reserve(b, 1) = 0;
	return (const char *)b->base + b->start;
}
