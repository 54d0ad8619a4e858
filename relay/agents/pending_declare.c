#include "relay/agents/pending_declare.h"

#include "shared/base/mem.h"

#include <uv.h>

struct newest {
	struct declare declare;
	struct addr remote;
	unsigned count; /* how many it stands for */
};

struct pending_declare {
	struct context *context;
	char *account, *agent;
	atomic_uint refs;
	uv_mutex_t lock;
	struct newest *newest; /* under the lock; NULL: there is none */
};

struct pending_declare *pending_declare_new(const struct door_owner *t)
{
	struct pending_declare *p = mem_zalloc(sizeof *p);
	p->context = t->worker->context;
	p->account = mem_strdup(t->account);
	p->agent = mem_strdup(t->agent);
	atomic_init(&p->refs, 1);
	uv_mutex_init(&p->lock);
	return p;
}

static void free_newest(struct newest *n)
{
	if (n)
		declare_fini(&n->declare);
	mem_free(n);
}

void pending_declare_unref(struct pending_declare *p)
{
	if (!p || atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	free_newest(p->newest);
	uv_mutex_destroy(&p->lock);
	mem_free(p->account);
	mem_free(p->agent);
	mem_free(p);
}

static void take(void *arg)
{
	struct pending_declare *p = arg;
	struct context *c = p->context;
	uv_mutex_lock(&p->lock);
	struct newest *n = p->newest;
	p->newest = NULL;
	uv_mutex_unlock(&p->lock);
	if (c->on_declare)
		c->on_declare(c->on_declare_owner, p->account, p->agent, &n->declare, &n->remote,
			      n->count);
	free_newest(n);
	pending_declare_unref(p);
}

void pending_declare_put(struct pending_declare *p, struct declare *d, const struct addr *remote,
			 unsigned count)
{
	struct newest *n = mem_alloc(sizeof *n);
	*n = (struct newest){*d, *remote, count};
	uv_mutex_lock(&p->lock);
	struct newest *before = p->newest;
	n->count += before ? before->count : 0;
	p->newest = n;
	uv_mutex_unlock(&p->lock);
	if (before) {
		free_newest(before);
		return;
	}
	atomic_fetch_add(&p->refs, 1);
	if (!loop_post(p->context->main, take, p))
		pending_declare_unref(p);
}
