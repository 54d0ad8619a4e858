/* Bytes in order, copied in at the end and read in place from the front; in pieces of 1 to 64 KiB,
 * so that it costs what it holds. */
#ifndef GROUNDNUT_BASE_BYTE_QUEUE_H
#define GROUNDNUT_BASE_BYTE_QUEUE_H

#include <stddef.h>
#include <sys/uio.h>

struct queue_piece;
struct byte_queue {
	struct queue_piece *first, *last;
	size_t len;
};

void byte_queue_put(struct byte_queue *q, const void *p, size_t len);
/* returns the count */
int byte_queue_peek(const struct byte_queue *q, struct iovec *iov, int most);
void byte_queue_take(struct byte_queue *q, size_t len); /* at most q->len */
/* leaves it empty and usable */
void byte_queue_fini(struct byte_queue *q);

#endif
