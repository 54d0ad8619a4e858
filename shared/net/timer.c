#include "shared/net/timer.h"

#include "shared/base/mem.h"

#include <uv.h>

/* Most timers of an idle agent are never set, so libuv's part is made when they are. */
struct timer {
	struct loop *loop;
	timer_fn *fn;
	void *owner;
	uv_timer_t *uv; /* NULL: never set */
};

static void on_timer(uv_timer_t *uv)
{
	struct timer *t = uv->data;

	t->fn(t->owner);
}

static void on_closed(uv_handle_t *uv)
{
	mem_free(uv);
}

static void start(struct timer *t, uint64_t after_ms, uint64_t every_ms)
{
	if (!t->uv) {
		t->uv = mem_zalloc(sizeof(*t->uv));
		uv_timer_init(loop_uv(t->loop), t->uv);
		t->uv->data = t;
	}
	uv_timer_start(t->uv, on_timer, after_ms, every_ms);
}

struct timer *timer_new(struct loop *l, timer_fn *fn, void *owner)
{
	struct timer *t = mem_zalloc(sizeof(*t));

	t->loop = l;
	t->fn = fn;
	t->owner = owner;
	return t;
}

void timer_set(struct timer *t, uint64_t after_ms)
{
	start(t, after_ms, 0);
}

void timer_set_every(struct timer *t, uint64_t every_ms)
{
	start(t, every_ms, every_ms);
}

void timer_stop(struct timer *t)
{
	if (t->uv)
		uv_timer_stop(t->uv);
}

bool timer_is_set(const struct timer *t)
{
	return t->uv && uv_is_active((const uv_handle_t *)t->uv);
}

void timer_close(struct timer *t)
{
	if (!t)
		return;
	if (t->uv) /* stops it, so its callback never comes */
		uv_close((uv_handle_t *)t->uv, on_closed);
	mem_free(t);
}
