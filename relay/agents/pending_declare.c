#include "relay/agents/pending_declare.h"

#include "shared/base/mem.h"

#include <uv.h>

struct pending_declare {
	struct context *context;
	char *account, *agent;
	atomic_uint refs;
	uv_mutex_t lock;
	/* under the lock: */
	unsigned count; /* how many newest stands for; 0: there is none */
	struct declare newest;
	struct addr remote;
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

void pending_declare_unref(struct pending_declare *p)
{
	if (!p || atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	if (p->count)
		declare_fini(&p->newest);
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
	struct declare d = p->newest;
	struct addr remote = p->remote;
	unsigned count = p->count;
	p->count = 0;
	uv_mutex_unlock(&p->lock);
	if (c->on_declare)
		c->on_declare(c->on_declare_owner, p->account, p->agent, &d, &remote, count);
	declare_fini(&d);
	pending_declare_unref(p);
}

void pending_declare_put(struct pending_declare *p, struct declare *d, const struct addr *remote,
			 unsigned count)
{
	uv_mutex_lock(&p->lock);
	bool was_full = p->count > 0;
	if (was_full)
		declare_fini(&p->newest);
	p->newest = *d;
	p->remote = *remote;
	p->count += count;
	uv_mutex_unlock(&p->lock);
	if (was_full)
		return;
	atomic_fetch_add(&p->refs, 1);
	if (!loop_post(p->context->main, take, p))
		pending_declare_unref(p);
}
