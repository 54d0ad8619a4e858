/*
 * What somebody waits for is written at once. Names alone wait a moment for others: a crowd of
 * homes that attaches is a few batches then, not one for each home.
 *
 * Those who join while a batch is away wait for the next one. A batch that fails tells them so, and
 * everything is written again a little later, so memory stays ahead of the disk, never the other
 * way round. Requests go on being tried meanwhile: each one's answer is its own batch's.
 */
#include "relay/names/write_batch.h"

#include "shared/base/mem.h"
#include "shared/net/timer.h"

enum { AGAIN_MS = 2000 };

struct write_batch {
	struct loop *loop;
	struct store *store;
	void (*all)(void *owner);
	void *owner;
	struct list dirty;
	struct list collecting; /* who waits for the batch that is being gathered */
	struct list flying;     /* for the one that is being written */
	struct list telling;    /* those whose batch is done, being told */
	/* what goes into the next batch besides dirty names, or NULL */
	struct store_batch *pending;
	bool writing;
	bool lost; /* a batch was: everything is to be written again */
	struct timer *again;
	struct timer *later; /* set while dirty names wait for others */
	struct task flush;
};

static void tell(struct write_batch *g, bool written)
{
	list_move(&g->telling, &g->flying);
	while (!list_is_empty(&g->telling)) {
		struct write_batch_wait *w =
		    LIST_ENTRY(g->telling.next, struct write_batch_wait, node);
		list_remove(&w->node);
		w->fn(w, written);
	}
}

static void on_written(void *owner, int err)
{
	struct write_batch *g = owner;
	g->writing = false;
	if (err < 0) {
		g->lost = true;
		timer_set(g->again, AGAIN_MS);
	} else {
		task_mark(g->loop, &g->flush);
	}
	tell(g, err == 0);
}

static struct store_batch *gather(struct write_batch *g)
{
	struct store_batch *b = write_batch_batch(g);
	g->pending = NULL;
	while (!list_is_empty(&g->dirty)) {
		struct name *n = LIST_ENTRY(g->dirty.next, struct name, dirty);
		list_remove(&n->dirty);
		name_put(n, b);
	}
	return b;
}

static bool is_due(const struct write_batch *g)
{
	return g->pending || !list_is_empty(&g->collecting) ||
	       (!list_is_empty(&g->dirty) && !timer_is_set(g->later));
}

static void flush(void *arg)
{
	struct write_batch *g = arg;
	if (g->writing)
		return;
	if (g->lost && !timer_is_set(g->again)) {
		g->lost = false;
		g->all(g->owner);
	}
	if (!is_due(g))
		return;
	timer_stop(g->later);
	list_move(&g->flying, &g->collecting);
	g->writing = true;
	store_commit(g->store, gather(g), on_written, g);
}

/* There may be something to write now. */
static void on_time(void *owner)
{
	struct write_batch *g = owner;
	task_mark(g->loop, &g->flush);
}

struct write_batch *write_batch_new(struct loop *l, struct store *store, void (*all)(void *owner),
				    void *owner)
{
	struct write_batch *g = mem_zalloc(sizeof(*g));
	g->loop = l;
	g->store = store;
	g->all = all;
	g->owner = owner;
	list_init(&g->dirty);
	list_init(&g->collecting);
	list_init(&g->flying);
	list_init(&g->telling);
	g->again = timer_new(l, on_time, g);
	g->later = timer_new(l, on_time, g);
	task_init(&g->flush, flush, g);
	return g;
}

void write_batch_free(struct write_batch *g)
{
	if (!g)
		return;
	if (g->lost)
		g->all(g->owner);
	if (g->pending || !list_is_empty(&g->dirty))
		store_commit(g->store, gather(g), NULL, NULL);
	store_forget(g->store, g);
	list_move(&g->telling, &g->collecting);
	list_move(&g->telling, &g->flying);
	while (!list_is_empty(&g->telling))
		list_remove(g->telling.next);
	task_cancel(&g->flush);
	timer_close(g->again);
	timer_close(g->later);
	mem_free(g);
}

void write_batch_mark(struct write_batch *g, struct name *n)
{
	if (list_is_empty(&n->dirty))
		list_append(&g->dirty, &n->dirty);
	if (!timer_is_set(g->later))
		timer_set(g->later, STORE_LATER_MS);
}

struct store_batch *write_batch_batch(struct write_batch *g)
{
	if (!g->pending)
		g->pending = store_batch_new();
	task_mark(g->loop, &g->flush);
	return g->pending;
}

void write_batch_join(struct write_batch *g, struct write_batch_wait *w)
{
	list_init(&w->node);
	list_append(&g->collecting, &w->node);
	task_mark(g->loop, &g->flush);
}

void write_batch_leave(struct write_batch_wait *w)
{
	if (w->node.next)
		list_remove(&w->node);
}
