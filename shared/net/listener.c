/*
 * At most ACCEPT_A_TURN newcomers a look, so that a flood of them leaves room for the connections
 * that exist. Out of descriptors it does not try again for STARVED_MS: the kernel keeps the
 * newcomers.
 */
#include "shared/net/listener.h"

#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/port_owner.h"
#include "shared/net/socket.h"
#include "shared/net/poller.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>
#include <uv.h>

enum { ACCEPT_A_TURN = 8, BACKLOG = 1024, STARVED_MS = 100, COMPLAIN_MS = 60000 };

struct listener {
	struct poller watch;
	uv_timer_t again; /* after STARVED_MS */
	struct loop *loop;
	int fd;
	struct addr at;
	listener_fn *fn;
	void *owner;
	unsigned leave_from; /* see listener_leave() */
	bool resting;        /* the owner's will */
	bool starved;        /* no descriptors */
	bool closing;
	uint64_t complained_ms; /* last log line about it; 0: never */
};

/* Looks again in this turn, if it may accept. */
static void look_later(struct listener *s)
{
	if (!s->closing && !s->resting && !s->starved && (s->watch.ready & POLLER_READ))
		poller_due(&s->watch);
}

static void on_again(uv_timer_t *timer)
{
	struct listener *s = timer->data;

	s->starved = false;
	look_later(s);
}

static void starve(struct listener *s, int err)
{
	uint64_t now = loop_now_ms(s->loop);
	char text[ADDR_TEXT];

	s->starved = true;
	uv_timer_start(&s->again, on_again, STARVED_MS, 0);
	if (s->complained_ms != 0 && now - s->complained_ms < COMPLAIN_MS)
		return;
	s->complained_ms = now;
	log_warn("accept_failed", "listen=%s error=%s", addr_text(&s->at, text), err_text(err));
}

static void welcome(struct listener *s, int fd, const struct addr *peer)
{
	struct addr local;

	if (s->at.family && !peer->family) {
		close(fd);
		return;
	}
	local = socket_local(fd);
	s->fn(s->owner, fd, peer, &local);
}

static void look(struct poller *w)
{
	struct listener *s = LIST_ENTRY(w, struct listener, watch);

	for (int i = 0; i < ACCEPT_A_TURN && !s->closing && !s->resting && !s->starved; i++) {
		struct addr peer;
		int fd = socket_accept(s->fd, &peer);

		if (fd >= 0 && (unsigned)fd >= s->leave_from) {
			close(fd);
			starve(s, UV_EMFILE);
			return;
		}
		if (fd >= 0) {
			welcome(s, fd, &peer);
			continue;
		}
		if (fd == UV_EAGAIN) {
			poller_drained(w, POLLER_READ);
			break;
		}
		if (fd == UV_EMFILE || fd == UV_ENFILE || fd == UV_ENOBUFS || fd == UV_ENOMEM) {
			starve(s, fd);
			return;
		}
		/* Any other error (ECONNABORTED, an ICMP error) is about one newcomer: the next is
		 * tried. */
	}
	look_later(s);
}

/* Tries to bind one address. Returns a descriptor or a negative error. */
static int bind_at(const struct addr *at, bool v6only)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(at, &ss);
	int on = 1, off = 0, err;
	int fd = socket_open(ss.ss_family, SOCK_STREAM);

	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	socket_tune(fd);
	if (at->family == 6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, v6only || !addr_is_any(at) ? &on : &off,
			   sizeof(on));
	if (bind(fd, (struct sockaddr *)&ss, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static bool lacks_v6(const struct addr *at, int err)
{
	return at->family == 6 && addr_is_any(at) &&
	       (err == UV_EAFNOSUPPORT || err == UV_EADDRNOTAVAIL);
}

static int bind_with_fallback(struct addr *at, bool v6only)
{
	int fd = bind_at(at, v6only);

	if (fd >= 0 || v6only || !lacks_v6(at, fd))
		return fd;
	*at = (struct addr){.family = 4, .port = at->port};
	log_info("no_ipv6", "listen=0.0.0.0 port=%d", at->port);
	return bind_at(at, false);
}

struct listener *listener_over(struct loop *l, int fd, listener_fn *fn, void *owner, int *err)
{
	struct listener *s = mem_zalloc(sizeof(*s));

	s->loop = l;
	s->fd = fd;
	s->fn = fn;
	s->owner = owner;
	s->at = socket_local(fd);
	s->leave_from = UINT_MAX;
	poller_init(&s->watch, loop_pollers(l), look);
	*err = poller_open(&s->watch, fd, POLLER_READ);
	if (*err != 0) {
		close(fd);
		mem_free(s);
		return NULL;
	}
	uv_timer_init(loop_uv(l), &s->again);
	s->again.data = s;
	return s;
}

struct listener *listener_open(struct loop *l, const struct addr *at, bool v6only, listener_fn *fn,
			       void *owner, int *err, char **why)
{
	struct addr here = *at;
	int fd = bind_with_fallback(&here, v6only);
	struct listener *s = fd >= 0 ? listener_over(l, fd, fn, owner, err) : NULL;

	if (fd < 0)
		*err = fd;
	if (why)
		*why = s ? NULL : port_owner_explain(PORT_OWNER_TCP, &here, *err);
	return s;
}

void listener_leave(struct listener *s, unsigned from)
{
	s->leave_from = from;
}

void listener_rest(struct listener *s)
{
	s->resting = true;
}

void listener_resume(struct listener *s)
{
	if (!s->resting)
		return;
	s->resting = false;
	look_later(s);
}

const struct addr *listener_at(const struct listener *s)
{
	return &s->at;
}

static void on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

void listener_close(struct listener *s)
{
	if (!s)
		return;
	s->closing = true;
	poller_close(&s->watch);
	close(s->fd);
	uv_close((uv_handle_t *)&s->again, on_closed);
}
