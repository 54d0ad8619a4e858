/*
 * A turn has two steps: events are only entered in the pollers' accounts (poller_set_wait), and
 * then every poller that is due is looked at (poller_set_look). So an event never meets a poller
 * that another's look has closed a moment ago.
 *
 * A closed descriptor leaves the kernel's set by itself, as long as it has no copy: so none is
 * duplicated, and one that goes to another loop is taken out first (poller_leave). Otherwise an
 * event could come for freed memory.
 */
#include "shared/net/poller.h"

#include "shared/base/mem.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>
#include <uv.h>

#if defined(__linux__) && UV_VERSION_HEX >= (1 << 16 | 44 << 8 | 2)
#define USE_EPOLL
#endif

struct poller_set {
	uv_loop_t *uv;
	struct list due;
	unsigned open;
#ifdef USE_EPOLL
	int epoll;
	uv_prepare_t hold; /* does nothing, but keeps libuv's loop alive while one is open */
#else
	bool (*has_work)(void *arg);
	void *arg;
	uv_prepare_t before; /* libuv waits */
	uv_idle_t hurry;     /* active: it does not */
#endif
};

void poller_init(struct poller *w, struct poller_set *set, void (*look)(struct poller *w))
{
	*w = (struct poller){.fd = -1, .look = look, .set = set};
	list_init(&w->node);
}

void poller_due(struct poller *w)
{
	if (w->look && list_is_empty(&w->node))
		list_append(&w->set->due, &w->node);
}

bool poller_set_is_due(const struct poller_set *set)
{
	return !list_is_empty(&set->due);
}

void poller_set_look(struct poller_set *set)
{
	struct list now;

	if (list_is_empty(&set->due))
		return;
	/* What becomes due from here on is for the next turn. */
	list_init(&now);
	list_move(&now, &set->due);
	while (!list_is_empty(&now)) {
		struct poller *w = LIST_ENTRY(now.next, struct poller, node);

		list_remove(&w->node);
		w->look(w);
	}
}

static bool start(struct poller_set *set);

struct poller_set *poller_set_new(uv_loop_t *uv, bool (*has_work)(void *arg), void *arg)
{
	struct poller_set *set = mem_zalloc(sizeof(*set));

	set->uv = uv;
	list_init(&set->due);
#ifndef USE_EPOLL
	set->has_work = has_work;
	set->arg = arg;
#else
	(void)has_work, (void)arg;
#endif
	if (start(set))
		return set;
	mem_free(set);
	return NULL;
}

void poller_set_free(struct poller_set *set)
{
	mem_free(set);
}

void poller_short(struct poller *w)
{
	if (!w->ended && !w->urgent)
		poller_drained(w, POLLER_READ);
}

unsigned poller_set_open(const struct poller_set *set)
{
	return set->open;
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

void poller_set_wait(struct poller_set *set, bool hurry)
{
	struct epoll_event ev[EVENTS];
	bool theirs = false;
	int wait_ms = 0, n;

	if (!hurry) {
		uv_update_time(set->uv); /* the last turn may have taken long */
		wait_ms = uv_backend_timeout(set->uv);
	}
	n = epoll_wait(set->epoll, ev, EVENTS, wait_ms);
	assert(n >= 0 || errno == EINTR);
	for (int i = 0; i < n; i++) { /* what is beyond EVENTS comes in the next turn */
		if (ev[i].data.ptr)
			enter(ev[i].data.ptr, ev[i].events);
		else
			theirs = true;
	}
	uv_update_time(set->uv);
	if (theirs || uv_backend_timeout(set->uv) == 0)
		uv_run(set->uv, UV_RUN_NOWAIT);
}

static int control(struct poller *w, int what, int fd)
{
	struct epoll_event ev = {.events = EPOLLET, .data.ptr = w};

	if (w->what & POLLER_READ)
		ev.events |= EPOLLIN | EPOLLPRI | EPOLLRDHUP;
	if (w->what & POLLER_WRITE)
		ev.events |= EPOLLOUT;
	return epoll_ctl(w->set->epoll, what, fd, &ev);
}

int poller_open(struct poller *w, int fd, unsigned what)
{
	w->what = (uint8_t)what;
	if (control(w, EPOLL_CTL_ADD, fd) != 0)
		return -errno;
	w->fd = fd;
	if (w->set->open++ == 0)
		uv_ref((uv_handle_t *)&w->set->hold);
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
	if (--w->set->open == 0)
		uv_unref((uv_handle_t *)&w->set->hold);
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

static bool start(struct poller_set *set)
{
	struct epoll_event ev = {.events = EPOLLIN};

	set->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (set->epoll < 0)
		return false;
	if (epoll_ctl(set->epoll, EPOLL_CTL_ADD, uv_backend_fd(set->uv), &ev) != 0) {
		close(set->epoll);
		return false;
	}
	uv_prepare_init(set->uv, &set->hold);
	uv_prepare_start(&set->hold, on_hold);
	uv_unref((uv_handle_t *)&set->hold);
	return true;
}

void poller_set_close(struct poller_set *set)
{
	uv_close((uv_handle_t *)&set->hold, NULL);
	close(set->epoll);
}

#else
struct poller_uv {
	uv_poll_t uv;
	struct poller *poller;
	bool urgent, faulty; /* has been told; libuv would tell it for ever */
};

static void on_poll(uv_poll_t *uv, int status, int events);

/* Asks libuv to wait for what is not ready yet. */
static void rearm(struct poller *w)
{
	int events = (w->ended ? 0 : UV_DISCONNECT) | (w->uv->urgent ? 0 : UV_PRIORITIZED);

	if (w->what & ~w->ready & POLLER_READ)
		events |= UV_READABLE;
	if (w->what & ~w->ready & POLLER_WRITE)
		events |= UV_WRITABLE;
	if (events != 0 && !w->uv->faulty)
		uv_poll_start(&w->uv->uv, events, on_poll);
	else
		uv_poll_stop(&w->uv->uv);
}

static void on_poll(uv_poll_t *uv, int status, int events)
{
	struct poller_uv *p = uv->data;
	struct poller *w = p->poller;

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
	struct poller_uv *p = mem_zalloc(sizeof(*p));
	int err = uv_poll_init(w->set->uv, &p->uv, fd);

	if (err != 0) {
		mem_free(p);
		return err;
	}
	p->uv.data = p;
	p->poller = w;
	w->uv = p;
	w->fd = fd;
	w->what = (uint8_t)what;
	w->set->open++;
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
	w->urgent = w->uv->urgent = urgent;
	rearm(w);
}

void poller_again(struct poller *w)
{
	(void)w; /* it is asked in each turn for what is not ready */
}

void poller_recover(struct poller *w)
{
	w->ended = w->urgent = w->uv->faulty = w->uv->urgent = false;
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
	w->set->open--;
	uv_close((uv_handle_t *)&w->uv->uv, on_closed);
}

void poller_leave(struct poller *w)
{
	poller_close(w);
}

static void on_hurry(uv_idle_t *hurry)
{
	(void)hurry;
}

/* Timers have run. What they have marked must not wait for events. */
static void before_waiting(uv_prepare_t *before)
{
	struct poller_set *set = before->data;

	if (set->has_work(set->arg))
		uv_idle_start(&set->hurry, on_hurry);
	else
		uv_idle_stop(&set->hurry);
}

void poller_set_wait(struct poller_set *set, bool hurry)
{
	uv_run(set->uv, hurry ? UV_RUN_NOWAIT : UV_RUN_ONCE);
}

static bool start(struct poller_set *set)
{
	uv_idle_init(set->uv, &set->hurry);
	uv_prepare_init(set->uv, &set->before);
	set->before.data = set;
	uv_prepare_start(&set->before, before_waiting);
	uv_unref((uv_handle_t *)&set->before);
	return true;
}

void poller_set_close(struct poller_set *set)
{
	uv_close((uv_handle_t *)&set->before, NULL);
	uv_close((uv_handle_t *)&set->hurry, NULL);
}

#endif
