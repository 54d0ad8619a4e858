/*
 * Cursors over bytes in network order. Read straight through and ask once at the end: after the
 * first overrun every read gives zeroes and wire_ok() is false; nothing is read or written out of
 * bounds.
 */
#ifndef GROUNDNUT_BASE_WIRE_H
#define GROUNDNUT_BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wire {
	uint8_t *p;  /* next byte */
	size_t left; /* bytes from p to the end */
	bool bad;    /* an access did not fit */
};

/* For reading: p is never written (the const is cast away inside). */
static inline struct wire wire_over(const void *p, size_t len)
{
	return (struct wire){.p = (uint8_t *)(uintptr_t)p, .left = len};
}

/* For writing. */
static inline struct wire wire_into(void *p, size_t len)
{
	return (struct wire){.p = p, .left = len};
}

static inline bool wire_ok(const struct wire *w)
{
	return !w->bad;
}

/* len bytes in place, or NULL when they are not there. */
static inline uint8_t *wire_skip(struct wire *w, size_t len)
{
	if (w->bad || len > w->left) {
		w->bad = true;
		return NULL;
	}
	uint8_t *at = w->p;
	w->p += len;
	w->left -= len;
	return at;
}

static inline uint64_t wire_get(struct wire *w, unsigned bytes)
{
	const uint8_t *p = wire_skip(w, bytes);
	uint64_t n = 0;
	for (unsigned i = 0; p && i < bytes; i++)
		n = n << 8 | p[i];
	return n;
}

static inline uint8_t wire_get_u8(struct wire *w)
{
	return (uint8_t)wire_get(w, 1);
}
static inline uint16_t wire_get_u16(struct wire *w)
{
	return (uint16_t)wire_get(w, 2);
}
static inline uint32_t wire_get_u32(struct wire *w)
{
	return (uint32_t)wire_get(w, 4);
}
static inline uint64_t wire_get_u64(struct wire *w)
{
	return wire_get(w, 8);
}

static inline void wire_get_bytes(struct wire *w, void *out, size_t len)
{
	const uint8_t *p = wire_skip(w, len);
	if (p)
		memcpy(out, p, len);
	else
		memset(out, 0, len);
}

static inline void wire_put(struct wire *w, unsigned bytes, uint64_t n)
{
	uint8_t *p = wire_skip(w, bytes);
	for (unsigned i = 0; p && i < bytes; i++)
		p[i] = (uint8_t)(n >> (8 * (bytes - 1 - i)));
}

static inline void wire_put_u8(struct wire *w, uint8_t n)
{
	wire_put(w, 1, n);
}
static inline void wire_put_u16(struct wire *w, uint16_t n)
{
	wire_put(w, 2, n);
}
static inline void wire_put_u32(struct wire *w, uint32_t n)
{
	wire_put(w, 4, n);
}
static inline void wire_put_u64(struct wire *w, uint64_t n)
{
	wire_put(w, 8, n);
}

static inline void wire_put_bytes(struct wire *w, const void *from, size_t len)
{
	uint8_t *p = wire_skip(w, len);
	if (p && len)
		memcpy(p, from, len);
}

#endif
