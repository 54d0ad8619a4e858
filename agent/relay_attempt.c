/*
 * It dials, shakes hands by TLS, and hands the io over at IO_UP. The dial and TLS have a limit
 * each. A failure is told once, after the connection is freed.
 */
#include "agent/relay_attempt.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/socket.h"
#include "shared/net/timer.h"

#include <string.h>

enum { FRESH_MS = 1000 /* until then an acknowledgement may be on its way */ };

struct relay_attempt {
	struct loop *loop;
	char *name; /* name or address, for SNI and verification */
	struct tls_context *tls;
	relay_attempt_fn *fn;
	relay_attempt_accepted_fn *accepted; /* may be NULL */
	void *owner;
	struct dial *dial;
	struct io *io; /* TCP is up; before, NULL */
	uint64_t accepted_ms;
	struct timer *timer; /* bounds TLS */
};

static void take_apart(struct relay_attempt *a)
{
	dial_close(a->dial);
	io_close(a->io);
	timer_close(a->timer);
	tls_context_unref(a->tls);
	mem_free(a->name);
	mem_free(a);
}

void relay_attempt_close(struct relay_attempt *a)
{
	if (a)
		take_apart(a);
}

static void fail(struct relay_attempt *a, int err, const char *detail)
{
	relay_attempt_fn *fn = a->fn;
	void *owner = a->owner;
	char *words = mem_strdup(detail);
	struct relay_attempt *name = a;
	take_apart(a);
	fn(owner, name, NULL, err, words);
	mem_free(words);
}

static void on_io(void *owner, enum io_event event)
{
	struct relay_attempt *a = owner;
	if (event == IO_ERROR) {
		fail(a, io_error(a->io), io_error_detail(a->io));
	} else if (event == IO_UP) {
		relay_attempt_fn *fn = a->fn;
		void *to = a->owner;
		struct io *io = a->io;
		struct relay_attempt *name = a;
		a->io = NULL;
		take_apart(a);
		fn(to, name, io, 0, "");
	}
}

static void on_dialled(void *owner, struct io *io, int err)
{
	struct relay_attempt *a = owner;
	a->dial = NULL;
	if (!io) {
		fail(a, err, "");
		return;
	}
	a->io = io;
	io_own(io, on_io, a);
	io_tls_dial(io, a->tls, a->name);
	a->accepted_ms = loop_now_ms(a->loop);
	timer_set(a->timer, RELAY_ATTEMPT_TLS_MS);
	if (a->accepted)
		a->accepted(a->owner, a);
}

static void on_timeout(void *owner)
{
	fail(owner, ERR_TLS, err_text(ERR_TIMEOUT));
}

struct relay_attempt *relay_attempt_start(struct loop *l, const struct endpoint *relay,
					  struct tls_context *tls, const struct addr *known,
					  size_t known_count, unsigned maxseg, relay_attempt_fn *fn,
					  void *owner)
{
	struct relay_attempt *a = mem_alloc(sizeof *a);
	*a = (struct relay_attempt){
	    .loop = l, .tls = tls_context_ref(tls), .fn = fn, .owner = owner};
	a->name = mem_strdup(relay->host);
	a->timer = timer_new(l, on_timeout, a);
	a->dial = dial_start_small(l, DIAL_RELAY, relay->host, relay->first, known, known_count,
				   maxseg, RELAY_ATTEMPT_DIAL_MS, on_dialled, a);
	return a;
}

void relay_attempt_on_accepted(struct relay_attempt *a, relay_attempt_accepted_fn *fn)
{
	a->accepted = fn;
}

bool relay_attempt_is_queued(const struct relay_attempt *a)
{
	return a->io &&
	       relay_attempt_waits_in_queue(io_fd(a->io), a->accepted_ms, loop_now_ms(a->loop));
}

bool relay_attempt_waits_in_queue(int fd, uint64_t since_ms, uint64_t now_ms)
{
	if (now_ms < since_ms + FRESH_MS)
		return true;
	return now_ms < since_ms + RELAY_ATTEMPT_QUEUED_MS && socket_is_acknowledged(fd);
}
