/*
 * Each lane has those who wait and at most one question under way. A task (pump) answers whom kept
 * answers serve and sends the first other name off. An answer goes to everyone in the lane who
 * waits for that name. The lanes belong to the loop and are freed with it.
 *
 * A question is asked by a thread of its own, not by libuv's pool: nothing can end getaddrinfo(),
 * which takes half a minute where no name server answers, and a program that is told to stop would
 * wait for it. The thread posts the question back to its loop, or frees it when the loop has gone.
 */
#include "shared/net/resolver.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"

#include <assert.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <uv.h>

enum { HOST = 256, STACK = 512 * 1024 };

struct answer {
	struct addr list[RESOLVER_MAX];
	size_t count;
	int err;
};

struct kept {
	char host[HOST];
	uint64_t until_ms; /* 0: free */
	struct answer answer;
};

struct question {
	struct lane *lane; /* NULL: its loop is gone. Under gone_lock */
	char host[HOST];
	uint64_t keep_ms;
	struct answer answer;
};

struct lane {
	struct lookups *all;
	struct list waiting;
	struct task pump;
	struct question *asked; /* under way, or NULL */
};

struct lookups {
	struct loop *loop;
	struct lane lanes[RESOLVER_LANES];
	struct kept *kept[RESOLVER_KEEP]; /* each made when needed */
};

struct resolver {
	struct list node;
	struct lane *lane;
	char host[HOST];
	uint64_t keep_ms;
	resolver_fn *fn;
	void *owner;
};

static const struct answer *find_kept(const struct lookups *all, const char *host)
{
	for (size_t i = 0; i < RESOLVER_KEEP; i++) {
		const struct kept *k = all->kept[i];

		if (k && k->until_ms > loop_now_ms(all->loop) && strcasecmp(k->host, host) == 0)
			return &k->answer;
	}
	return NULL;
}

/* Keeps an answer, in place of an older one of the name, or of the one that lapses first. */
static void keep(struct lookups *all, const char *host, uint64_t keep_ms,
		 const struct answer *answer)
{
	size_t best = 0;

	for (size_t i = 0; i < RESOLVER_KEEP; i++) {
		struct kept *k = all->kept[i];

		if (k && strcasecmp(k->host, host) != 0) {
			if (all->kept[best] && k->until_ms < all->kept[best]->until_ms)
				best = i;
			continue;
		}
		best = i;
		break;
	}
	if (!all->kept[best])
		all->kept[best] = mem_alloc(sizeof(struct kept));
	snprintf(all->kept[best]->host, HOST, "%s", host);
	all->kept[best]->until_ms = loop_now_ms(all->loop) + keep_ms;
	all->kept[best]->answer = *answer;
}

static void give(struct resolver *k, const struct answer *answer)
{
	resolver_fn *fn = k->fn;
	void *owner = k->owner;

	list_remove(&k->node);
	mem_free(k);
	fn(owner, answer->list, answer->count, answer->err);
}

/* Gives the answer to all that wait for host by now. One that comes during the answers is served by
 * the next pump. */
static void give_all(struct lane *lane, const char *host, const struct answer *answer)
{
	struct list mine;

	list_init(&mine);
	LIST_EACH(node, &lane->waiting)
	{
		if (strcasecmp(LIST_ENTRY(node, struct resolver, node)->host, host) != 0)
			continue;
		list_remove(node);
		list_append(&mine, node);
	}
	while (!list_is_empty(&mine))
		give(LIST_ENTRY(mine.next, struct resolver, node), answer);
}

static void read_answer(struct answer *out, const struct addrinfo *info)
{
	for (; info && out->count < RESOLVER_MAX; info = info->ai_next)
		if (addr_from_sockaddr(&out->list[out->count], info->ai_addr))
			out->count++;
	if (out->count == 0 && out->err == 0)
		out->err = UV_EAI_NONAME;
}

static void on_answer(void *arg)
{
	struct question *q = arg;
	struct lane *lane = q->lane;

	lane->asked = NULL;
	if (q->answer.err == 0)
		keep(lane->all, q->host, q->keep_ms, &q->answer);
	task_mark(lane->all->loop, &lane->pump);
	give_all(lane, q->host, &q->answer);
	mem_free(q);
}

/* While its thread posts it, the loop must not go. */
static pthread_mutex_t gone_lock = PTHREAD_MUTEX_INITIALIZER;

/* libuv's own way of asking (names by IDNA, its errors), in this thread and with a loop for nothing
 * else. */
static void look_up(const char *host, struct answer *out)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	uv_getaddrinfo_t req = {.addrinfo = NULL};
	uv_loop_t own;

	out->err = uv_loop_init(&own);
	if (out->err)
		return;
	out->err = uv_getaddrinfo(&own, &req, NULL, host, NULL, &hints);
	read_answer(out, req.addrinfo);
	uv_freeaddrinfo(req.addrinfo);
	uv_loop_close(&own);
}

static void *ask(void *arg)
{
	struct question *q = arg;

	look_up(q->host, &q->answer);
	pthread_mutex_lock(&gone_lock);
	if (!q->lane || !loop_post(q->lane->all->loop, on_answer, q)) {
		if (q->lane) /* its loop has ended, and is freed later */
			q->lane->asked = NULL;
		mem_free(q);
	}
	pthread_mutex_unlock(&gone_lock);
	return NULL;
}

static int send_off(struct lane *lane, const struct resolver *k)
{
	struct question *q = mem_zalloc(sizeof(*q));
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	q->lane = lane;
	memcpy(q->host, k->host, HOST);
	q->keep_ms = k->keep_ms;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK);
	err = pthread_create(&thread, &attr, ask, q);
	pthread_attr_destroy(&attr);
	if (err == 0)
		lane->asked = q;
	else
		mem_free(q);
	return uv_translate_sys_error(err);
}

static void on_pump(void *arg)
{
	struct lane *lane = arg;
	struct list mine;

	list_init(&mine);
	LIST_EACH(node, &lane->waiting)
	{
		if (!find_kept(lane->all, LIST_ENTRY(node, struct resolver, node)->host))
			continue;
		list_remove(node);
		list_append(&mine, node);
	}
	while (!list_is_empty(&mine)) {
		struct resolver *k = LIST_ENTRY(mine.next, struct resolver, node);
		struct answer answer = *find_kept(lane->all, k->host);

		give(k, &answer);
	}
	if (!lane->asked && !list_is_empty(&lane->waiting)) {
		struct resolver *k = LIST_ENTRY(lane->waiting.next, struct resolver, node);
		struct answer failed = {.err = send_off(lane, k)};

		if (failed.err != 0) {
			task_mark(lane->all->loop, &lane->pump);
			give(k, &failed);
		}
	}
}

static void drop(void *arg)
{
	struct lookups *all = arg;

	pthread_mutex_lock(&gone_lock);
	for (size_t i = 0; i < RESOLVER_LANES; i++)
		if (all->lanes[i].asked)
			all->lanes[i].asked->lane = NULL;
	pthread_mutex_unlock(&gone_lock);
	for (size_t i = 0; i < RESOLVER_KEEP; i++)
		mem_free(all->kept[i]);
	mem_free(all);
}

static struct lookups *lookups_of(struct loop *l)
{
	struct lookups *all = loop_lookups(l);

	if (all)
		return all;
	all = mem_zalloc(sizeof(*all));
	all->loop = l;
	for (size_t i = 0; i < RESOLVER_LANES; i++) {
		all->lanes[i].all = all;
		list_init(&all->lanes[i].waiting);
		task_init(&all->lanes[i].pump, on_pump, &all->lanes[i]);
	}
	loop_set_lookups(l, all, drop);
	return all;
}

struct resolver *resolver_start(struct loop *l, unsigned lane, const char *host, uint64_t keep_ms,
				resolver_fn *fn, void *owner)
{
	struct resolver *k = mem_zalloc(sizeof(*k));

	assert(lane < RESOLVER_LANES);
	k->lane = &lookups_of(l)->lanes[lane];
	snprintf(k->host, sizeof(k->host), "%s", host);
	k->keep_ms = keep_ms;
	k->fn = fn;
	k->owner = owner;
	list_append(&k->lane->waiting, &k->node);
	task_mark(l, &k->lane->pump);
	return k;
}

void resolver_close(struct resolver *k)
{
	if (!k)
		return;
	list_remove(&k->node);
	mem_free(k);
}
