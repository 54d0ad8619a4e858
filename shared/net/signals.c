#include "shared/net/signals.h"

#include "shared/base/mem.h"

#include <signal.h>
#include <uv.h>

enum { SIGNALS = 3 };

struct signals {
	uv_signal_t handles[SIGNALS];
	int open; /* handles whose close callback is still owed */
	bool closing;
	signals_fn *fn;
	void *owner;
};

static void on_signal(uv_signal_t *h, int number)
{
	struct signals *s = h->data;
	if (!s->closing)
		s->fn(s->owner, number == SIGHUP ? SIGNALS_RELOAD : SIGNALS_STOP);
}

struct signals *signals_open(struct loop *l, signals_fn *fn, void *owner)
{
	static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
	struct signals *s = mem_zalloc(sizeof *s);
	s->fn = fn;
	s->owner = owner;
	for (int i = 0; i < SIGNALS; i++) {
		uv_signal_init(loop_uv(l), &s->handles[i]);
		s->handles[i].data = s;
		uv_signal_start(&s->handles[i], on_signal, numbers[i]);
		s->open++;
	}
	return s;
}

static void on_closed(uv_handle_t *h)
{
	struct signals *s = h->data;
	if (--s->open == 0)
		mem_free(s);
}

void signals_close(struct signals *s)
{
	if (!s)
		return;
	s->closing = true;
	for (int i = 0; i < SIGNALS; i++)
		uv_close((uv_handle_t *)&s->handles[i], on_closed);
}
