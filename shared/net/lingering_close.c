#include "shared/net/lingering_close.h"

#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include <uv.h>

struct lingering_close {
	struct io *io;
	struct buf words; /* not yet taken by the io */
	struct timer *timer;
	bool said;
};

static void end(void *owner)
{
	struct lingering_close *f = owner;
	io_close(f->io);
	timer_close(f->timer);
	buf_fini(&f->words);
	mem_free(f);
}

/* False when it is of no use any more. */
static bool speak(struct lingering_close *f)
{
	int err = io_write_buf(f->io, &f->words);
	if (err == UV_EAGAIN)
		return true;
	if (err < 0 || (!f->said && io_shutdown(f->io) < 0))
		return false;
	f->said = true;
	return true;
}

/* False at the peer's end. One read an event: a peer that never stops is cut by the timer. */
static bool listen_once(struct lingering_close *f)
{
	ssize_t n = io_read(f->io, loop_plain(io_loop(f->io)), LOOP_STAGING);
	return n > 0 || n == UV_EAGAIN;
}

static void on_io(void *owner, enum io_event event)
{
	struct lingering_close *f = owner;
	if (event == IO_ERROR || (event == IO_DATA && !listen_once(f)) ||
	    (event == IO_ROOM && !speak(f)))
		end(f);
}

void lingering_close_say(struct io *io, struct buf *words)
{
	struct lingering_close *f = mem_zalloc(sizeof *f);
	f->io = io;
	f->words = *words;
	*words = (struct buf)BUF_INIT;
	f->timer = timer_new(io_loop(io), end, f);
	timer_set(f->timer, LINGERING_CLOSE_MS);
	io_own(io, on_io, f);
	io_watch(io, IO_WATCH_READ | IO_WATCH_WRITE);
	if (!speak(f))
		end(f);
}
