#include "shared/net/timer.h"

#include "shared/base/mem.h"

#include <uv.h>

struct timer {
	uv_timer_t uv;
	timer_fn *fn;
	void *owner;
};

static void on_timer(uv_timer_t *uv)
{
	struct timer *t = uv->data;

	t->fn(t->owner);
}

static void on_closed(uv_handle_t *uv)
{
	mem_free(uv->data);
}

struct timer *timer_new(struct loop *l, timer_fn *fn, void *owner)
{
	struct timer *t = mem_zalloc(sizeof(*t));

	uv_timer_init(loop_uv(l), &t->uv);
	t->uv.data = t;
	t->fn = fn;
	t->owner = owner;
	return t;
}

void timer_set(struct timer *t, uint64_t after_ms)
{
	uv_timer_start(&t->uv, on_timer, after_ms, 0);
}

void timer_set_every(struct timer *t, uint64_t every_ms)
{
	uv_timer_start(&t->uv, on_timer, every_ms, every_ms);
}

void timer_stop(struct timer *t)
{
	uv_timer_stop(&t->uv);
}

bool timer_is_set(const struct timer *t)
{
	return uv_is_active((const uv_handle_t *)&t->uv);
}

void timer_close(struct timer *t)
{
	if (t)
		/* stops it, so its callback never comes */
		uv_close((uv_handle_t *)&t->uv, on_closed);
}
