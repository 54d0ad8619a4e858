#include "agent/relay_dialer.h"

#include "agent/relay_attempt.h"
#include "shared/base/mem.h"

#include <string.h>

struct relay_dialer {
	struct loop *loop;
	relay_dialer_fn *fn;
	void *owner;
	struct relay_attempt *all[RELAY_DIALER_MOST]; /* NULL: a free place */
	uint64_t begun_ms[RELAY_DIALER_MOST];
	bool accepted[RELAY_DIALER_MOST];
	bool was_accepted;                     /* the last that ended */
	struct addr known[RELAY_DIALER_KNOWN]; /* where the relay last answered, the newest first */
	size_t known_count;
};

struct relay_dialer *relay_dialer_new(struct loop *l, relay_dialer_fn *fn, void *owner)
{
	struct relay_dialer *w = mem_zalloc(sizeof *w);
	w->loop = l;
	w->fn = fn;
	w->owner = owner;
	return w;
}

void relay_dialer_free(struct relay_dialer *w)
{
	if (!w)
		return;
	relay_dialer_close(w);
	mem_free(w);
}

static void on_connection(void *owner, struct relay_attempt *a, struct io *io, int err,
			  const char *detail)
{
	struct relay_dialer *w = owner;
	for (int i = 0; i < RELAY_DIALER_MOST; i++) {
		if (w->all[i] != a)
			continue;
		w->all[i] = NULL;
		w->was_accepted = w->accepted[i];
	}
	w->fn(w->owner, io, err, detail);
}

static void on_accepted(void *owner, struct relay_attempt *a)
{
	struct relay_dialer *w = owner;
	for (int i = 0; i < RELAY_DIALER_MOST; i++) {
		if (w->all[i] == a)
			w->accepted[i] = true;
		if (!w->all[i] || w->accepted[i])
			continue;
		relay_attempt_close(w->all[i]);
		w->all[i] = NULL;
	}
}

static bool is_queued(const struct relay_dialer *w)
{
	for (int i = 0; i < RELAY_DIALER_MOST; i++)
		if (w->all[i] && relay_attempt_is_queued(w->all[i]))
			return true;
	return false;
}

void relay_dialer_start(struct relay_dialer *w, const struct endpoint *relay,
			struct tls_context *tls, unsigned maxseg, bool must)
{
	int at = 0;
	for (int i = 1; i < RELAY_DIALER_MOST && w->all[at]; i++)
		if (!w->all[i] || w->begun_ms[i] < w->begun_ms[at])
			at = i;
	if (!must && (w->all[at] || is_queued(w)))
		return;
	relay_attempt_close(w->all[at]);
	w->begun_ms[at] = loop_now_ms(w->loop);
	w->accepted[at] = false;
	w->all[at] = relay_attempt_start(w->loop, relay, tls, w->known, w->known_count, maxseg,
					 on_connection, w);
	relay_attempt_on_accepted(w->all[at], on_accepted);
}

void relay_dialer_close(struct relay_dialer *w)
{
	for (int i = 0; i < RELAY_DIALER_MOST; i++) {
		relay_attempt_close(w->all[i]);
		w->all[i] = NULL;
	}
}

unsigned relay_dialer_count(const struct relay_dialer *w)
{
	unsigned count = 0;
	for (int i = 0; i < RELAY_DIALER_MOST; i++)
		count += w->all[i] != NULL;
	return count;
}

bool relay_dialer_was_accepted(const struct relay_dialer *w)
{
	return w->was_accepted;
}

void relay_dialer_remember(struct relay_dialer *w, const struct addr *at)
{
	for (size_t i = 0; i < w->known_count; i++)
		if (addr_equal(&w->known[i], at))
			return;
	if (w->known_count < RELAY_DIALER_KNOWN)
		w->known_count++;
	memmove(w->known + 1, w->known, (w->known_count - 1) * sizeof *w->known);
	w->known[0] = *at;
}

void relay_dialer_forget(struct relay_dialer *w)
{
	w->known_count = 0;
}
