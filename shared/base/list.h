/* Intrusive doubly linked ring. A head is an empty node; a node is on one list at most per link
 * field. */
#ifndef GROUNDNUT_BASE_LIST_H
#define GROUNDNUT_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define LIST_ENTRY(node, type, field) ((type *)((char *)(node)-offsetof(type, field)))

/* Safe against removal of the current node, not of the next one. */
#define LIST_EACH(node, head)                                                                      \
	for (struct list *node = (head)->next, *node##_next = node->next; node != (head);          \
	     node = node##_next, node##_next = node->next)

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

/* Appends at the tail, which stands before the head. */
static inline void list_append(struct list *head, struct list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

static inline void list_prepend(struct list *head, struct list *node)
{
	list_append(head->next, node);
}

/* Leaves node initialised, so removing twice does no harm, and list_is_empty(node) tells "on no
 * list". */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Moves all nodes of from behind those of to; their order stays. */
static inline void list_move(struct list *to, struct list *from)
{
	if (list_is_empty(from))
		return;
	from->next->prev = to->prev;
	from->prev->next = to;
	to->prev->next = from->next;
	to->prev = from->prev;
	list_init(from);
}

#endif
