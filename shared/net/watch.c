/*
 * A turn has two steps for them: events are only entered in the watches' accounts (collect, or on_poll), and then everyone that is due
 * is looked at (watches_look). So an event can never meet a watch that another's look has closed a moment ago.
 *
 * A closed descriptor leaves the kernel's set by itself, since nobody has a copy of it: no program here forks, and whoever hands one over
 * to another loop takes it out first (watch_leave).
 */
#include "shared/net/watch.h"

#include "shared/base/mem.h"
#include "shared/net/loop.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>
#include <uv.h>

struct watches {
	struct loop *loop;
	struct list due;
	unsigned open;
#ifdef __linux__
	int set;            /* the epoll descriptor */
	uv_poll_t poll;     /* on set; keeps the loop alive while anyone is watched */
#endif
};

void watch_init(struct watch *w, struct loop *l, void (*look)(struct watch *w))
{
	*w = (struct watch){.fd = -1, .look = look, .all = loop_watches(l)};
	list_init(&w->node);
}

static void put(struct watch *w)
{
	if (list_is_empty(&w->node))
		list_append(&w->all->due, &w->node);
}

void watch_due(struct watch *w)
{
	put(w);
	loop_hurry(w->all->loop);
}

bool watches_are_due(const struct watches *all)
{
	return !list_is_empty(&all->due);
}

void watches_look(struct watches *all)
{
	struct list now;

	if (list_is_empty(&all->due))
		return;
	/* What becomes due from here on is for the next turn. */
	list_init(&now);
	list_move(&now, &all->due);
	while (!list_is_empty(&now)) {
		struct watch *w = LIST_ENTRY(now.next, struct watch, node);

		list_remove(&w->node);
		w->look(w);
	}
}

unsigned watches_open(const struct watches *all)
{
	return all->open;
}

#ifdef __linux__
#include <sys/epoll.h>

enum { EVENTS = 256, ALL_EVENTS = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };

static void enter(struct watch *w, uint32_t events)
{
	uint8_t ready = w->ready;
	bool ended = w->ended;

	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		w->ready |= WATCH_READ;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		w->ready |= WATCH_WRITE;
	if (events & EPOLLERR)
		w->ready |= WATCH_FAULT;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		w->ended = true;
	if (w->ready != ready || w->ended != ended)
		put(w);
}

static void collect(uv_poll_t *poll, int status, int events)
{
	struct watches *all = poll->data;
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(all->set, ev, EVENTS, 0);

	(void)status, (void)events;
	for (int i = 0; i < n; i++)
		enter(ev[i].data.ptr, ev[i].events);
}

int watch_open(struct watch *w, int fd)
{
	struct epoll_event ev = {.events = ALL_EVENTS, .data.ptr = w};

	if (epoll_ctl(w->all->set, EPOLL_CTL_ADD, fd, &ev) != 0)
		return -errno;
	w->fd = fd;
	if (w->all->open++ == 0)
		uv_ref((uv_handle_t *)&w->all->poll);
	return 0;
}

void watch_drained(struct watch *w, unsigned what)
{
	w->ready &= (uint8_t)~(w->ended ? what & ~WATCH_READ : what);
}

void watch_again(struct watch *w)
{
	struct epoll_event ev = {.events = ALL_EVENTS, .data.ptr = w};

	if (w->fd >= 0)
		epoll_ctl(w->all->set, EPOLL_CTL_MOD, w->fd, &ev);
}

void watch_close(struct watch *w)
{
	list_remove(&w->node);
	if (w->fd < 0)
		return;
	w->fd = -1;
	if (--w->all->open == 0)
		uv_unref((uv_handle_t *)&w->all->poll);
}

void watch_leave(struct watch *w)
{
	if (w->fd >= 0)
		epoll_ctl(w->all->set, EPOLL_CTL_DEL, w->fd, NULL);
	watch_close(w);
}

struct watches *watches_new(struct loop *l)
{
	struct watches *all = mem_zalloc(sizeof(*all));

	all->loop = l;
	list_init(&all->due);
	all->set = epoll_create1(EPOLL_CLOEXEC);
	if (all->set < 0 || uv_poll_init(loop_uv(l), &all->poll, all->set) != 0) {
		if (all->set >= 0)
			close(all->set);
		mem_free(all);
		return NULL;
	}
	all->poll.data = all;
	uv_poll_start(&all->poll, UV_READABLE, collect);
	uv_unref((uv_handle_t *)&all->poll);
	return all;
}

void watches_close(struct watches *all)
{
	uv_close((uv_handle_t *)&all->poll, NULL);
	close(all->set);
}

void watches_free(struct watches *all)
{
	mem_free(all);
}
#else
struct watch_poll {
	uv_poll_t uv;
	struct watch *watch;
	bool faulty; /* it has been told; libuv would tell it for ever */
};

static void on_poll(uv_poll_t *uv, int status, int events);

/* What is ready already is nothing to wait for. */
static void rearm(struct watch *w)
{
	int events = w->ended ? 0 : UV_DISCONNECT | UV_PRIORITIZED;

	if (!(w->ready & WATCH_READ))
		events |= UV_READABLE;
	if (!(w->ready & WATCH_WRITE))
		events |= UV_WRITABLE;
	if (events != 0 && !w->poll->faulty)
		uv_poll_start(&w->poll->uv, events, on_poll);
	else
		uv_poll_stop(&w->poll->uv);
}

static void on_poll(uv_poll_t *uv, int status, int events)
{
	struct watch_poll *p = uv->data;
	struct watch *w = p->watch;

	if (status < 0 || (events & UV_PRIORITIZED)) {
		p->faulty = true;
		w->ready |= WATCH_READ | WATCH_WRITE | WATCH_FAULT;
	}
	if (events & (UV_READABLE | UV_DISCONNECT))
		w->ready |= WATCH_READ;
	if (events & UV_WRITABLE)
		w->ready |= WATCH_WRITE;
	w->ended |= status < 0 || (events & UV_DISCONNECT);
	rearm(w);
	put(w);
}

int watch_open(struct watch *w, int fd)
{
	struct watch_poll *p = mem_zalloc(sizeof(*p));
	int err = uv_poll_init(loop_uv(w->all->loop), &p->uv, fd);

	if (err != 0) {
		mem_free(p);
		return err;
	}
	p->uv.data = p;
	p->watch = w;
	w->poll = p;
	w->fd = fd;
	w->all->open++;
	rearm(w);
	return 0;
}

void watch_drained(struct watch *w, unsigned what)
{
	uint8_t left = w->ready & (uint8_t)~(w->ended ? what & ~WATCH_READ : what);

	if (left == w->ready || w->fd < 0)
		return;
	w->ready = left;
	rearm(w);
}

void watch_again(struct watch *w)
{
	(void)w; /* it is asked in each turn for what is not ready */
}

static void on_closed(uv_handle_t *uv)
{
	mem_free(uv->data);
}

void watch_close(struct watch *w)
{
	list_remove(&w->node);
	if (w->fd < 0)
		return;
	w->fd = -1;
	w->all->open--;
	uv_close((uv_handle_t *)&w->poll->uv, on_closed);
}

void watch_leave(struct watch *w)
{
	watch_close(w);
}

struct watches *watches_new(struct loop *l)
{
	struct watches *all = mem_zalloc(sizeof(*all));

	all->loop = l;
	list_init(&all->due);
	return all;
}

void watches_close(struct watches *all)
{
	(void)all;
}

void watches_free(struct watches *all)
{
	mem_free(all);
}
#endif
