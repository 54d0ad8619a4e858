/*
 * The program is started with a pipe for its output. hear() keeps the last line of the output. When
 * the program ends, what lies in the pipe is read, the pipe is closed, and the owner is told. A
 * child that the program has left behind may still hold the pipe; nobody waits for it. uv_spawn()
 * returns after the child has become the program, so no copy of our descriptors lives on in it
 * (shared/net/poller.c).
 *
 * Ways to fail: the program cannot be started (the timer tells that, because child_process_start()
 * must not call back); it ends with another code than 0 or by a signal; its time is over, and its
 * whole group is killed. When the owner closes a running program, the struct stays until the
 * program's end, so that no process is left unreaped.
 */
#include "shared/net/child_process.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { LINE = 200, CHUNK = 4096, CHUNKS_AT_END = 16 };

struct child_process {
	uv_process_t process;
	uv_pipe_t pipe;
	uv_timer_t timer;
	unsigned handles; /* how many the loop still holds */
	child_process_fn *fn;
	void *owner;
	uint64_t most_ms;
	int err; /* why it could not be started, or 0 */
	bool has_process, runs, closing, was_killed;
	char line[LINE + 1]; /* the last line of its output that is not empty */
	bool line_ended;     /* the next byte begins a new line */
	char chunk[CHUNK];
};

static void on_closed(uv_handle_t *h)
{
	struct child_process *p = h->data;
	if (--p->handles == 0)
		mem_free(p);
}

static void close_handle(void *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, on_closed);
}

static void kill_group(const struct child_process *p)
{
	kill(-p->process.pid, SIGKILL);
}

/* Takes output. What is kept is printable, whatever the program writes. */
static void hear(struct child_process *p, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		size_t at = strlen(p->line);
		unsigned char c = (unsigned char)text[i];
		if (c == '\n' || c == '\r') {
			p->line_ended = true;
			continue;
		}
		if (p->line_ended)
			at = 0;
		p->line_ended = false;
		if (at < LINE) {
			p->line[at] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
			p->line[at + 1] = '\0';
		}
	}
}

static void hear_the_rest(struct child_process *p)
{
	uv_os_fd_t fd;
	ssize_t n;
	if (uv_fileno((uv_handle_t *)&p->pipe, &fd) != 0)
		return;
	for (int i = 0; i < CHUNKS_AT_END && (n = read(fd, p->chunk, CHUNK)) > 0; i++)
		hear(p, p->chunk, (size_t)n);
}

static void tell(struct child_process *p, int64_t code, int number)
{
	char *why = NULL;
	if (p->err)
		why = mem_strdup(err_text(p->err));
	else if (p->was_killed)
		why = mem_printf("did not end within %u s, and was killed",
				 (unsigned)(p->most_ms / 1000));
	else if (number)
		why = mem_printf("ended by signal %d", number);
	else if (code)
		why = mem_printf("ended with %d", (int)code);
	if (why && *p->line) {
		char *whole = mem_printf("%s: %s", why, p->line);
		mem_free(why);
		why = whole;
	}
	p->fn(p->owner, why);
	mem_free(why);
}

static void on_exit(uv_process_t *process, int64_t code, int number)
{
	struct child_process *p = process->data;
	p->runs = false;
	if (p->closing) {
		close_handle(&p->process);
		return;
	}
	uv_timer_stop(&p->timer);
	hear_the_rest(p);
	close_handle(&p->pipe);
	tell(p, code, number);
}

static void on_timer(uv_timer_t *timer)
{
	struct child_process *p = timer->data;
	if (!p->runs) {
		tell(p, 0, 0);
		return;
	}
	p->was_killed = true;
	kill_group(p);
}

static void on_room(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct child_process *p = h->data;
	(void)suggested;
	*buf = uv_buf_init(p->chunk, CHUNK);
}

static void on_read(uv_stream_t *pipe, ssize_t n, const uv_buf_t *buf)
{
	struct child_process *p = pipe->data;
	if (n > 0)
		hear(p, buf->base, (size_t)n);
	else if (n < 0)
		uv_read_stop(pipe);
}

static int spawn(struct child_process *p, struct loop *l, char *const *words,
		 char *const *variables, uv_file output)
{
	const uv_stdio_container_t out = {.flags = UV_INHERIT_FD, .data.fd = output};
	uv_stdio_container_t stdio[] = {{.flags = UV_IGNORE}, out, out};
	const uv_process_options_t options = {.exit_cb = on_exit,
					      .file = words[0],
					      .args = (char **)(uintptr_t)words,
					      .env = (char **)(uintptr_t)variables,
					      .flags = UV_PROCESS_DETACHED,
					      .stdio_count = 3,
					      .stdio = stdio};
	p->handles++; /* also when uv_spawn() fails */
	p->has_process = true;
	p->process.data = p;
	return uv_spawn(loop_uv(l), &p->process, &options);
}

static int start(struct child_process *p, struct loop *l, char *const *words,
		 char *const *variables)
{
	uv_file ends[2];
	int err = uv_pipe(ends, UV_NONBLOCK_PIPE, 0);
	if (err)
		return err;
	uv_pipe_open(&p->pipe, ends[0]);
	err = spawn(p, l, words, variables, ends[1]);
	close(ends[1]);
	return err ? err : uv_read_start((uv_stream_t *)&p->pipe, on_room, on_read);
}

struct child_process *child_process_start(struct loop *l, char *const *words,
					  char *const *variables, uint64_t most_ms,
					  child_process_fn *fn, void *owner)
{
	struct child_process *p = mem_zalloc(sizeof(*p));
	p->fn = fn;
	p->owner = owner;
	p->most_ms = most_ms;
	p->handles = 2;
	uv_pipe_init(loop_uv(l), &p->pipe, 0);
	p->pipe.data = p;
	uv_timer_init(loop_uv(l), &p->timer);
	p->timer.data = p;
	p->err = start(p, l, words, variables);
	p->runs = !p->err;
	uv_timer_start(&p->timer, on_timer, p->runs ? most_ms : 0, 0);
	return p;
}

void child_process_close(struct child_process *p)
{
	if (!p)
		return;
	p->closing = true;
	close_handle(&p->pipe);
	close_handle(&p->timer);
	if (p->runs)
		kill_group(p); /* on_exit() closes the process */
	else if (p->has_process)
		close_handle(&p->process);
}
