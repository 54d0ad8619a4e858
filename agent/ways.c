#include "agent/ways.h"

#include "agent/approach.h"
#include "shared/base/mem.h"

#include <string.h>

struct ways {
	struct loop *loop;
	ways_fn *fn;
	void *owner;
	struct approach *all[WAYS_MOST]; /* NULL: a free place */
	uint64_t begun_ms[WAYS_MOST];
	struct addr known[WAYS_KNOWN]; /* where the relay last answered, the newest first */
	size_t known_count;
};

struct ways *ways_new(struct loop *l, ways_fn *fn, void *owner)
{
	struct ways *w = mem_zalloc(sizeof *w);
	w->loop = l;
	w->fn = fn;
	w->owner = owner;
	return w;
}

void ways_free(struct ways *w)
{
	if (!w)
		return;
	ways_close(w);
	mem_free(w);
}

static void on_approach(void *owner, struct approach *a, struct io *io, int err, const char *detail)
{
	struct ways *w = owner;
	for (int i = 0; i < WAYS_MOST; i++)
		if (w->all[i] == a)
			w->all[i] = NULL;
	w->fn(w->owner, io, err, detail);
}

void ways_start(struct ways *w, const struct endpoint *relay, struct tls_context *tls,
		unsigned maxseg, bool must)
{
	int at = 0;
	for (int i = 1; i < WAYS_MOST && w->all[at]; i++)
		if (!w->all[i] || w->begun_ms[i] < w->begun_ms[at])
			at = i;
	if (w->all[at] && !must)
		return;
	approach_close(w->all[at]);
	w->begun_ms[at] = loop_now_ms(w->loop);
	w->all[at] =
	    approach_start(w->loop, relay, tls, w->known, w->known_count, maxseg, on_approach, w);
}

void ways_close(struct ways *w)
{
	for (int i = 0; i < WAYS_MOST; i++) {
		approach_close(w->all[i]);
		w->all[i] = NULL;
	}
}

bool ways_has_any(const struct ways *w)
{
	for (int i = 0; i < WAYS_MOST; i++)
		if (w->all[i])
			return true;
	return false;
}

void ways_remember(struct ways *w, const struct addr *at)
{
	for (size_t i = 0; i < w->known_count; i++)
		if (addr_equal(&w->known[i], at))
			return;
	if (w->known_count < WAYS_KNOWN)
		w->known_count++;
	memmove(w->known + 1, w->known, (w->known_count - 1) * sizeof *w->known);
	w->known[0] = *at;
}

void ways_forget(struct ways *w)
{
	w->known_count = 0;
}
