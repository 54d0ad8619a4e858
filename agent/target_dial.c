/*
 * It dials, writes the PROXY header, and without TLS that is all. With TLS it shakes hands, and
 * judge() looks at the certificate. A timer bounds the handshake; the dial has a bound of its own.
 * The first failure is told by tell(), which frees the dial.
 */
#include "agent/target_dial.h"

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/dial.h"
#include "shared/net/timer.h"

#include <string.h>
#include <uv.h>

struct target_dial {
	struct target_place to;
	struct buf header;
	struct dial *dial;
	struct io *io; /* while it shakes hands */
	struct timer *timer;
	target_dial_fn *fn;
	void *owner;
};

void target_dial_close(struct target_dial *d)
{
	if (!d)
		return;
	dial_close(d->dial);
	io_close(d->io);
	timer_close(d->timer);
	buf_fini(&d->header);
	tls_context_unref(d->to.tls);
	mem_free(d);
}

/* Tells the owner and frees the dial; it is the last act of its caller. io: the owner's from now
 * on, or NULL with err. */
static void tell(struct target_dial *d, struct io *io, int err, const char *words)
{
	target_dial_fn *fn = d->fn;
	void *owner = d->owner;
	char *kept = mem_strdup(words);
	if (io)
		d->io = NULL;
	target_dial_close(d);
	fn(owner, io, err, kept);
	mem_free(kept);
}

/* Judges the target's certificate. NULL: it is right; else why not, freed by the caller. *before:
 * with trust, what was remembered and what is now, freed by the caller; else NULL. */
static char *judge(const struct target_dial *d, char **before)
{
	const struct target_place *to = &d->to;
	char pin[TLS_CONTEXT_PIN_TEXT], *place, *why = NULL;
	bool is_verified = io_tls_peer(d->io, pin);
	*before = NULL;
	if (to->pin && strcmp(to->pin, pin) != 0)
		return mem_printf("it shows the key %s, and target_pin is %s", pin, to->pin);
	if (to->pin || !to->known)
		return NULL;
	place = mem_printf("%s:%u", to->host, (unsigned)to->port);
	if (to->trust) {
		char *had = known_target_keys_trust(to->known, place, is_verified, pin);
		*before = mem_printf("%s → %s", had ? had : "nothing", is_verified ? "ca" : pin);
		mem_free(had);
	} else {
		why = known_target_keys_judge(to->known, place, is_verified, pin);
	}
	mem_free(place);
	return why;
}

static void on_io(void *owner, enum io_event event)
{
	struct target_dial *d = owner;
	char *before;
	if (event == IO_ERROR) {
		tell(d, NULL, io_error(d->io), io_error_detail(d->io));
	} else if (event == IO_UP) {
		char *why = judge(d, &before);
		tell(d, why ? NULL : d->io, why ? ERR_CERTIFICATE : 0,
		     why      ? why
		     : before ? before
			      : "");
		mem_free(why);
		mem_free(before);
	}
}

static void on_timer(void *owner)
{
	tell(owner, NULL, UV_ETIMEDOUT, "");
}

static void on_dialled(void *owner, struct io *io, int err)
{
	struct target_dial *d = owner;
	size_t len = buf_len(&d->header);
	d->dial = NULL;
	d->io = io;
	if (!io) {
		tell(d, NULL, err, "");
	} else if (len && io_write(io, buf_data(&d->header), len) != (ssize_t)len) {
		tell(d, NULL, UV_ECONNRESET, ""); /* a new socket takes all, unless it is dead */
	} else if (d->to.tls) {
		io_own(io, on_io, d);
		io_tls_dial(io, d->to.tls, d->to.name);
		timer_set(d->timer, TARGET_DIAL_MS);
	} else {
		tell(d, io, 0, "");
	}
}

struct target_dial *target_dial_start(struct loop *l, const struct target_place *to,
				      const void *header, size_t len, target_dial_fn *fn,
				      void *owner)
{
	struct target_dial *d = mem_zalloc(sizeof *d);
	d->to = *to;
	if (to->tls)
		d->to.tls = tls_context_ref(to->tls); /* a reload may replace the owner's */
	d->fn = fn;
	d->owner = owner;
	if (len)
		buf_put(&d->header, header, len);
	d->timer = timer_new(l, on_timer, d);
	d->dial =
	    dial_start(l, DIAL_SERVICE, to->host, to->port, NULL, 0, TARGET_DIAL_MS, on_dialled, d);
	return d;
}
