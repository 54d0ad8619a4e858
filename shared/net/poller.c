/*
 * A turn has two steps for them: events are only entered in the watches' accounts (watches_wait),
 * and then everyone that is due is looked at (watches_look). So an event can never meet a watch
 * that another's look has closed a moment ago.
 *
 * A closed descriptor leaves the kernel's set by itself, as long as nobody has a copy of it: so
 * none is duplicated and no program here forks, and whoever hands one over to another loop takes it
 * out first (poller_leave). Else an event could come for memory that is freed.
 */
#include "shared/net/poller.h"

#include "shared/base/mem.h"
#include "shared/net/loop.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>
#include <uv.h>

#if defined(__linux__) && UV_VERSION_HEX >= (1 << 16 | 44 << 8 | 2)
#define USE_EPOLL
#endif

struct watches {
	struct loop *loop;
	struct list due;
	unsigned open;
#ifdef USE_EPOLL
	int set;           /* the epoll descriptor */
	uv_prepare_t hold; /* does nothing, but keeps libuv's loop alive while anyone is watched */
#else
	uv_prepare_t before; /* libuv waits */
	uv_idle_t hurry;     /* active: it does not */
#endif
};

void poller_init(struct poller *w, struct loop *l, void (*look)(struct poller *w))
{
	*w = (struct poller){.fd = -1, .look = look, .all = loop_watches(l)};
	list_init(&w->node);
}

void poller_due(struct poller *w)
{
	if (w->look && list_is_empty(&w->node))
		list_append(&w->all->due, &w->node);
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
		struct poller *w = LIST_ENTRY(now.next, struct poller, node);

		list_remove(&w->node);
		w->look(w);
	}
}

void poller_short(struct poller *w)
{
	if (!w->ended && !w->urgent)
		poller_drained(w, POLLER_READ);
}

unsigned watches_open(const struct watches *all)
{
	return all->open;
}

#ifdef USE_EPOLL
#include <sys/epoll.h>

enum { EVENTS = 256 };

static void enter(struct poller *w, uint32_t events)
{
	uint8_t ready = w->ready;
	bool ended = w->ended;

	if (events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		w->ready |= POLLER_READ;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		w->ready |= POLLER_WRITE;
	if (events & EPOLLERR)
		w->ready |= POLLER_FAULT;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		w->ended = true;
	if (events & EPOLLPRI)
		w->urgent = true;
	if (w->ready != ready || w->ended != ended)
		poller_due(w);
}

void watches_wait(struct watches *all, bool hurry)
{
	uv_loop_t *uv = loop_uv(all->loop);
	struct epoll_event ev[EVENTS];
	bool theirs = false;
	int wait_ms = 0, n;

	if (!hurry) {
		uv_update_time(uv); /* the last turn took its time */
		wait_ms = uv_backend_timeout(uv);
	}
	n = epoll_wait(all->set, ev, EVENTS, wait_ms);
	assert(n >= 0 || errno == EINTR);
	for (int i = 0; i < n; i++) { /* what is beyond EVENTS comes in the next turn */
		if (ev[i].data.ptr)
			enter(ev[i].data.ptr, ev[i].events);
		else
			theirs = true;
	}
	uv_update_time(uv);
	if (theirs || uv_backend_timeout(uv) == 0)
		uv_run(uv, UV_RUN_NOWAIT);
}

static int control(struct poller *w, int what, int fd)
{
	struct epoll_event ev = {.events = EPOLLET, .data.ptr = w};

	if (w->what & POLLER_READ)
		ev.events |= EPOLLIN | EPOLLPRI | EPOLLRDHUP;
	if (w->what & POLLER_WRITE)
		ev.events |= EPOLLOUT;
	return epoll_ctl(w->all->set, what, fd, &ev);
}

int poller_open(struct poller *w, int fd, unsigned what)
{
	w->what = (uint8_t)what;
	if (control(w, EPOLL_CTL_ADD, fd) != 0)
		return -errno;
	w->fd = fd;
	if (w->all->open++ == 0)
		uv_ref((uv_handle_t *)&w->all->hold);
	return 0;
}

void poller_drained(struct poller *w, unsigned what)
{
	w->ready &= (uint8_t)~what;
	if (what & POLLER_READ)
		w->urgent = false;
}

void poller_again(struct poller *w)
{
	if (w->fd >= 0)
		control(w, EPOLL_CTL_MOD, w->fd);
}

void poller_recover(struct poller *w)
{
	w->ended = w->urgent = false;
	w->ready &= (uint8_t)~POLLER_FAULT;
}

void poller_close(struct poller *w)
{
	list_remove(&w->node);
	w->look = NULL;
	if (w->fd < 0)
		return;
	w->fd = -1;
	if (--w->all->open == 0)
		uv_unref((uv_handle_t *)&w->all->hold);
}

void poller_leave(struct poller *w)
{
	if (w->fd >= 0)
		control(w, EPOLL_CTL_DEL, w->fd);
	poller_close(w);
}

static void on_hold(uv_prepare_t *hold)
{
	(void)hold;
}

static int add_uv(struct watches *all)
{
	struct epoll_event ev = {.events = EPOLLIN};

	return epoll_ctl(all->set, EPOLL_CTL_ADD, uv_backend_fd(loop_uv(all->loop)), &ev);
}

struct watches *watches_new(struct loop *l)
{
	struct watches *all = mem_zalloc(sizeof(*all));

	all->loop = l;
	list_init(&all->due);
	all->set = epoll_create1(EPOLL_CLOEXEC);
	if (all->set < 0 || add_uv(all) != 0) {
		if (all->set >= 0)
			close(all->set);
		mem_free(all);
		return NULL;
	}
	uv_prepare_init(loop_uv(l), &all->hold);
	uv_prepare_start(&all->hold, on_hold);
	uv_unref((uv_handle_t *)&all->hold);
	return all;
}

void watches_close(struct watches *all)
{
	uv_close((uv_handle_t *)&all->hold, NULL);
	close(all->set);
}

void watches_free(struct watches *all)
{
	mem_free(all);
}
#else
struct watch_poll {
	uv_poll_t uv;
	struct poller *watch;
	bool urgent, faulty; /* has been told; libuv would tell it for ever */
};

static void on_poll(uv_poll_t *uv, int status, int events);

/* What is ready already is nothing to wait for. */
static void rearm(struct poller *w)
{
	int events = (w->ended ? 0 : UV_DISCONNECT) | (w->poll->urgent ? 0 : UV_PRIORITIZED);

	if (w->what & ~w->ready & POLLER_READ)
		events |= UV_READABLE;
	if (w->what & ~w->ready & POLLER_WRITE)
		events |= UV_WRITABLE;
	if (events != 0 && !w->poll->faulty)
		uv_poll_start(&w->poll->uv, events, on_poll);
	else
		uv_poll_stop(&w->poll->uv);
}

static void on_poll(uv_poll_t *uv, int status, int events)
{
	struct watch_poll *p = uv->data;
	struct poller *w = p->watch;

	p->faulty |= status < 0;
	/* the latter says urgent bytes, or that both directions are over */
	if (status < 0 || (events & UV_PRIORITIZED)) {
		p->urgent = w->urgent = true;
		w->ready |= POLLER_READ | POLLER_WRITE | POLLER_FAULT;
	}
	if (events & (UV_READABLE | UV_DISCONNECT))
		w->ready |= POLLER_READ;
	if (events & UV_WRITABLE)
		w->ready |= POLLER_WRITE;
	w->ended |= status < 0 || (events & UV_DISCONNECT);
	rearm(w);
	poller_due(w);
}

int poller_open(struct poller *w, int fd, unsigned what)
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
	w->what = (uint8_t)what;
	w->all->open++;
	rearm(w);
	return 0;
}

void poller_drained(struct poller *w, unsigned what)
{
	bool urgent = w->urgent && !(what & POLLER_READ);
	uint8_t left = w->ready & (uint8_t)~what;

	if (w->fd < 0 || (left == w->ready && urgent == w->urgent))
		return;
	w->ready = left;
	w->urgent = w->poll->urgent = urgent;
	rearm(w);
}

void poller_again(struct poller *w)
{
	(void)w; /* it is asked in each turn for what is not ready */
}

void poller_recover(struct poller *w)
{
	w->ended = w->urgent = w->poll->faulty = w->poll->urgent = false;
	w->ready &= (uint8_t)~POLLER_FAULT;
	rearm(w);
}

static void on_closed(uv_handle_t *uv)
{
	mem_free(uv->data);
}

void poller_close(struct poller *w)
{
	list_remove(&w->node);
	w->look = NULL;
	if (w->fd < 0)
		return;
	w->fd = -1;
	w->all->open--;
	uv_close((uv_handle_t *)&w->poll->uv, on_closed);
}

void poller_leave(struct poller *w)
{
	poller_close(w);
}

static void on_hurry(uv_idle_t *hurry)
{
	(void)hurry;
}

/* Timers have run; what they have marked is not to wait for events. */
static void before_waiting(uv_prepare_t *before)
{
	struct watches *all = before->data;

	if (watches_are_due(all) || loop_has_tasks(all->loop))
		uv_idle_start(&all->hurry, on_hurry);
	else
		uv_idle_stop(&all->hurry);
}

void watches_wait(struct watches *all, bool hurry)
{
	uv_run(loop_uv(all->loop), hurry ? UV_RUN_NOWAIT : UV_RUN_ONCE);
}

struct watches *watches_new(struct loop *l)
{
	struct watches *all = mem_zalloc(sizeof(*all));

	all->loop = l;
	list_init(&all->due);
	uv_idle_init(loop_uv(l), &all->hurry);
	uv_prepare_init(loop_uv(l), &all->before);
	all->before.data = all;
	uv_prepare_start(&all->before, before_waiting);
	uv_unref((uv_handle_t *)&all->before);
	return all;
}

void watches_close(struct watches *all)
{
	uv_close((uv_handle_t *)&all->before, NULL);
	uv_close((uv_handle_t *)&all->hurry, NULL);
}

void watches_free(struct watches *all)
{
	mem_free(all);
}
#endif
