/* Bytes in order, copied in at the end and read in place from the front; in pieces of 1 to 64 KiB,
 * so that it costs what it holds. */
#ifndef GROUNDNUT_BASE_QUEUE_H
#define GROUNDNUT_BASE_QUEUE_H

#include <stddef.h>
#include <sys/uio.h>

struct queue_piece;
struct queue {
	struct queue_piece *first, *last;
	size_t len;
};

void queue_put(struct queue *q, const void *p, size_t len);
int queue_peek(const struct queue *q, struct iovec *iov, int most); /* returns the count */
void queue_take(struct queue *q, size_t len);                       /* at most q->len */
void queue_fini(struct queue *q);                                   /* leaves it empty and usable */

#endif
