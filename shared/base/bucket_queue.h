/*
 * Finds who has the most of something in constant time: a network of sources, a mapping of
 * visitors. Amounts below 16 are told apart exactly, larger ones to an eighth. Of those that have
 * about as much, the one that was put there longest ago is found. The nodes are embedded by their
 * owners. Pure. One thread.
 */
#ifndef GROUNDNUT_BASE_BUCKET_QUEUE_H
#define GROUNDNUT_BASE_BUCKET_QUEUE_H

#include "shared/base/list.h"

/* All zero: it is empty. */
struct bucket_queue {
	/* a list for each rank of amounts; NULL while it is empty, because they take 3 KiB */
	struct list *buckets;
	size_t count;
	unsigned top; /* the last list that is not empty */
};

/* The node has this amount now; it goes behind those that have about as much. 0: it leaves the
 * queue. The first time, node is a list_init()ed one. */
void bucket_queue_put(struct bucket_queue *q, struct list *node, size_t amount);
/* Forgets the nodes that are in it, without touching them. */
void bucket_queue_fini(struct bucket_queue *q);
/* NULL: the queue is empty. */
struct list *bucket_queue_fullest(const struct bucket_queue *q);

#endif
