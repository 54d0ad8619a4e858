/*
 * Adding first drops requests that are too old. When the log is full, the largest share then loses
 * its oldest requests. The request
 * is copied and appended to its account's share and to the list of all. A share that has more than
 * its part then loses its oldest requests. A share without requests is freed.
 */
#include "shared/base/request_log.h"

#include "shared/base/bucket_queue.h"
#include "shared/base/hash_table.h"
#include "shared/base/list.h"
#include "shared/base/mem.h"

#include <stdio.h>
#include <string.h>

enum { SHARE = 4 /* an account has at most a SHARE-th of the bytes */, OVERHEAD = 64 };

struct share {
	char *account;       /* the key */
	struct list entries; /* the oldest first */
	size_t bytes;
	struct list node; /* request_log.shares, by bytes */
};

struct entry {
	struct list node;  /* share.entries */
	struct list order; /* request_log.all */
	struct share *share;
	struct request request; /* its texts are in text, its account in share */
	uint64_t added_ms;
	size_t bytes;
	char text[];
};

struct request_log {
	size_t most, bytes;
	struct hash_table *by_account;
	struct bucket_queue shares;
	struct list all; /* the oldest first */
};

struct request_log *request_log_new(size_t bytes)
{
	struct request_log *l = mem_zalloc(sizeof *l);
	l->most = bytes;
	l->by_account = hash_table_new();
	list_init(&l->all);
	return l;
}

static void drop(struct request_log *l, struct entry *e)
{
	struct share *s = e->share;
	list_remove(&e->node);
	list_remove(&e->order);
	s->bytes -= e->bytes;
	l->bytes -= e->bytes;
	bucket_queue_put(&l->shares, &s->node, s->bytes);
	mem_free(e);
	if (!list_is_empty(&s->entries))
		return;
	hash_table_remove(l->by_account, s->account, strlen(s->account));
	mem_free(s->account);
	mem_free(s);
}

static struct entry *oldest(struct list *all)
{
	return LIST_ENTRY(all->next, struct entry, order);
}

void request_log_free(struct request_log *l)
{
	if (!l)
		return;
	while (!list_is_empty(&l->all))
		drop(l, oldest(&l->all));
	hash_table_free(l->by_account);
	mem_free(l);
}

static void forget_old(struct request_log *l, uint64_t now_ms)
{
	while (!list_is_empty(&l->all) && now_ms >= oldest(&l->all)->added_ms + REQUEST_LOG_MS)
		drop(l, oldest(&l->all));
}

/* Drops the oldest entries until the share has at most bytes. The share is freed with its last
 * entry. */
static void trim(struct request_log *l, struct share *s, size_t bytes)
{
	while (s->bytes > bytes) {
		bool last = s->entries.next == s->entries.prev;
		drop(l, LIST_ENTRY(s->entries.next, struct entry, node));
		if (last)
			return;
	}
}

static struct share *share_of(struct request_log *l, const char *account)
{
	struct share *s = hash_table_get(l->by_account, account, strlen(account));
	if (s)
		return s;
	s = mem_zalloc(sizeof *s);
	s->account = mem_strdup(account);
	list_init(&s->entries);
	list_init(&s->node);
	hash_table_add(l->by_account, s->account, strlen(account), s);
	return s;
}

static const char *put(char **at, const char *text, size_t most)
{
	char *begin = *at;
	size_t len = strnlen(text, most - 1);
	memcpy(begin, text, len);
	begin[len] = '\0';
	*at = begin + len + 1;
	return begin;
}

static struct entry *copy(const struct request *r)
{
	size_t text =
	    strlen(r->agent) + strlen(r->mapping) + strlen(r->method) + strlen(r->path) + 4;
	struct entry *e = mem_alloc(sizeof *e + text);
	char *at = e->text;
	memset(e, 0, sizeof *e);
	e->request = *r;
	e->request.agent = put(&at, r->agent, REQUEST_LOG_PATH);
	e->request.mapping = put(&at, r->mapping, REQUEST_LOG_PATH);
	e->request.method = put(&at, r->method, REQUEST_LOG_METHOD);
	e->request.path = put(&at, r->path, REQUEST_LOG_PATH);
	e->bytes = sizeof *e + text + OVERHEAD;
	return e;
}

void request_log_add(struct request_log *l, const struct request *r, uint64_t now_ms)
{
	forget_old(l, now_ms);
	while (l->bytes >= l->most) {
		struct list *fullest = bucket_queue_fullest(&l->shares);
		struct share *s = LIST_ENTRY(fullest, struct share, node);
		drop(l, LIST_ENTRY(s->entries.next, struct entry, node));
	}
	struct entry *e = copy(r);
	struct share *s = e->share = share_of(l, r->account);
	e->request.account = s->account;
	e->added_ms = now_ms;
	list_append(&s->entries, &e->node);
	list_append(&l->all, &e->order);
	s->bytes += e->bytes;
	l->bytes += e->bytes;
	bucket_queue_put(&l->shares, &s->node, s->bytes);
	trim(l, s, l->most / SHARE);
}

static void write_one(const struct request *r, struct json *w)
{
	json_open(w, NULL, '{');
	json_time(w, "time", r->time_ms);
	if (*r->account) {
		json_str(w, "account", r->account);
		json_str(w, "agent", r->agent);
	}
	json_str(w, "mapping", r->mapping);
	json_str(w, "method", r->method);
	json_str(w, "path", r->path);
	json_uint(w, "code", r->code);
	json_uint(w, "took_ms", r->took_ms);
	json_uint(w, "bytes_in", r->bytes_in);
	json_uint(w, "bytes_out", r->bytes_out);
	json_close(w);
}

void request_log_write(struct request_log *l, const char *account, uint64_t now_ms, struct json *w)
{
	const struct list *first = &l->all;
	unsigned count = 0;
	forget_old(l, now_ms);
	while (first->prev != &l->all && count < REQUEST_LOG_ANSWER) {
		first = first->prev;
		count += !*account ||
			 !strcmp(LIST_ENTRY(first, struct entry, order)->request.account, account);
	}
	for (; count && first != &l->all; first = first->next) {
		const struct request *r = &LIST_ENTRY(first, struct entry, order)->request;
		if (!*account || !strcmp(r->account, account))
			write_one(r, w);
	}
}

size_t request_log_bytes(const struct request_log *l)
{
	return l->bytes;
}
