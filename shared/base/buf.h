/* A growing run of bytes: appended at the end, taken from the front. For heads, JSON and small
 * things. */
#ifndef GROUNDNUT_BASE_BUF_H
#define GROUNDNUT_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *base; /* owned; NULL while empty from the start */
	size_t start;  /* first byte not yet taken */
	size_t end;    /* one past the last byte */
	size_t cap;
};

#define BUF_INIT                                                                                   \
	{                                                                                          \
		0                                                                                  \
	}

static inline size_t buf_len(const struct buf *b)
{
	return b->end - b->start;
}

static inline uint8_t *buf_data(const struct buf *b)
{
	return b->base ? b->base + b->start : NULL;
}

void buf_init(struct buf *b);
void buf_fini(struct buf *b); /* frees and leaves it empty and usable */
/* room for len bytes behind the end; not yet counted */
uint8_t *buf_reserve(struct buf *b, size_t len);
/* counts what was written into the reserved room */
void buf_commit(struct buf *b, size_t len);
void buf_put(struct buf *b, const void *p, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_vprintf(struct buf *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_take(struct buf *b, size_t len); /* drops len bytes from the front */
/* NUL-terminated view (the NUL is not counted) */
const char *buf_str(struct buf *b);

#endif
