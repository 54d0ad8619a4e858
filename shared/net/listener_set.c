/*
 * listener_set_set() marks each entry that the new list has (by address; then it only takes over
 * what it is for), adds the others, closes what is not marked, and opens what is not open. What
 * cannot be opened is tried again every RETRY_MS.
 *
 * Whether a socket of "[::]" takes IPv4 is decided when it is bound, and it is not closed when the
 * list changes its mind. So a v4 wildcard that comes later is covered by a socket of both families,
 * and one that goes stays beside a socket of IPv6 alone.
 */
#include "shared/net/listener_set.h"

#include "shared/base/err.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include <string.h>

enum { RETRY_MS = 3000 };

struct entry {
	struct list node;
	struct listener_set *all;
	struct listener_set_entry is;
	struct listener *listener; /* NULL: not open */
	bool v6only;               /* as it was bound */
	bool wanted;               /* found in the list that is being set */
	char *why;                 /* it cannot be opened, as logged */
	int err;                   /* … as an error */
};

struct listener_set {
	struct loop *loop;
	unsigned leave;
	struct list entries; /* in the list's order, then those that stay beside */
	struct timer *retry;
	listener_set_fn *fn;
	void *owner;
};

static bool is_any(const struct entry *e, uint8_t family)
{
	return e->is.at.family == family && addr_is_any(&e->is.at);
}

/* The wildcard of the other family on the same port, or NULL. */
static struct entry *wildcard_beside(const struct entry *e)
{
	uint8_t other = e->is.at.family == 4 ? 6 : 4;
	LIST_EACH(node, &e->all->entries)
	{
		struct entry *o = LIST_ENTRY(node, struct entry, node);
		if (o->wanted && is_any(o, other) && addr_is_any(&e->is.at) &&
		    o->is.at.port == e->is.at.port)
			return o;
	}
	return NULL;
}

/* IPv4 comes in by the socket of "[::]" beside it, to the same owner. */
static bool is_covered(const struct entry *e)
{
	const struct entry *o = is_any(e, 4) ? wildcard_beside(e) : NULL;
	return o && o->listener && !o->v6only && o->is.fn == e->is.fn && o->is.owner == e->is.owner;
}

static void on_accept(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct entry *e = owner;
	e->is.fn(e->is.owner, fd, peer, local);
}

static void say(const struct entry *e, const char *event)
{
	char at[ADDR_TEXT];
	log_info(event, "for=%s at=%s", e->is.what, addr_text(listener_at(e->listener), at));
}

static void complain(struct entry *e, int err, const char *why)
{
	char at[ADDR_TEXT];
	if (e->why && !strcmp(e->why, why))
		return;
	log_error("cannot_listen", "for=%s at=%s why=%s retry_ms=%d", e->is.what,
		  addr_text(&e->is.at, at), why, RETRY_MS);
	mem_free(e->why);
	e->why = mem_strdup(why);
	e->err = err;
}

/* False: to be tried again. */
static bool open_one(struct entry *e)
{
	char *why = NULL;
	int err;
	if (e->listener || is_covered(e))
		return true;
	e->v6only = is_any(e, 6) && wildcard_beside(e);
	e->listener = listener_open(e->all->loop, &e->is.at, e->v6only, on_accept, e, &err, &why);
	if (e->listener) {
		listener_leave(e->listener, e->all->leave);
		say(e, "listening");
		mem_free(e->why);
		e->why = NULL;
	} else {
		complain(e, err, why ? why : err_text(err));
	}
	mem_free(why);
	return e->listener != NULL;
}

static void open_all(struct listener_set *s)
{
	bool all = true;
	LIST_EACH(node, &s->entries)
	all &= open_one(LIST_ENTRY(node, struct entry, node));
	if (!all)
		timer_set(s->retry, RETRY_MS);
}

static void on_retry(void *owner)
{
	struct listener_set *s = owner;
	open_all(s);
	s->fn(s->owner);
}

static void drop(struct entry *e)
{
	if (e->listener)
		say(e, "listening_over");
	list_remove(&e->node);
	listener_close(e->listener);
	mem_free(e->why);
	mem_free(e);
}

static void want(struct listener_set *s, const struct listener_set_entry *is)
{
	LIST_EACH(node, &s->entries)
	{
		struct entry *e = LIST_ENTRY(node, struct entry, node);
		if (e->wanted || !addr_equal(&e->is.at, &is->at))
			continue;
		bool news = e->listener && strcmp(e->is.what, is->what) != 0;
		e->is = *is;
		e->wanted = true;
		if (news)
			say(e, "listening");
		return;
	}
	struct entry *e = mem_zalloc(sizeof *e);
	*e = (struct entry){.all = s, .is = *is, .wanted = true};
	list_append(&s->entries, &e->node);
}

/* The v4 half of each "[::]" whose socket is of IPv6 alone. */
static void want_other_halves(struct listener_set *s)
{
	LIST_EACH(node, &s->entries)
	{
		const struct entry *e = LIST_ENTRY(node, struct entry, node);
		if (!e->wanted || !e->listener || !e->v6only || wildcard_beside(e))
			continue;
		struct listener_set_entry half = e->is;
		half.at = (struct addr){.family = 4, .port = e->is.at.port};
		want(s, &half);
	}
}

void listener_set_set(struct listener_set *s, const struct listener_set_entry *list, size_t count)
{
	LIST_EACH(node, &s->entries)
	LIST_ENTRY(node, struct entry, node)->wanted = false;
	for (size_t i = 0; i < count; i++)
		want(s, &list[i]);
	want_other_halves(s);
	LIST_EACH(node, &s->entries)
	{
		struct entry *e = LIST_ENTRY(node, struct entry, node);
		if (!e->wanted)
			drop(e);
	}
	open_all(s);
}

struct listener_set *listener_set_new(struct loop *l, unsigned leave, listener_set_fn *fn,
				      void *owner)
{
	struct listener_set *s = mem_zalloc(sizeof *s);
	s->loop = l;
	s->leave = leave;
	s->fn = fn;
	s->owner = owner;
	list_init(&s->entries);
	s->retry = timer_new(l, on_retry, s);
	return s;
}

const struct addr *listener_set_at(const struct listener_set *s, size_t i)
{
	LIST_EACH(node, &s->entries)
	{
		const struct entry *e = LIST_ENTRY(node, struct entry, node);
		if (e->listener && i-- == 0)
			return listener_at(e->listener);
	}
	return NULL;
}

void listener_set_each(const struct listener_set *s, listener_set_each_fn *fn, void *arg)
{
	LIST_EACH(node, &s->entries)
	{
		const struct entry *e = LIST_ENTRY(node, const struct entry, node);
		const char *why = e->listener || is_covered(e) ? NULL : e->why;
		fn(arg, &e->is, why ? e->err : 0, why);
	}
}

void listener_set_close(struct listener_set *s)
{
	if (!s)
		return;
	LIST_EACH(node, &s->entries)
	drop(LIST_ENTRY(node, struct entry, node));
	timer_close(s->retry);
	mem_free(s);
}
