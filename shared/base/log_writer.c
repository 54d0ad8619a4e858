/*
 * log_writer_put() appends to room[start..end). The thread takes whole lines from its front into
 * memory of its own, so that it writes without the lock. A line that finds no room begins a gap:
 * from there on lines are only counted, until the thread has written all that waits and then the
 * count. So the count stands exactly where the lines are missing, once for each gap.
 *
 * What goes wrong: nobody reads (the thread waits in write, alone); the descriptor fails (its lines
 * are a gap too: the count is tried again with each line that comes); the thread still waits when
 * the process ends (it is left behind, and touches nothing but statics).
 */
#include "shared/base/log_writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	CHUNK = 4096, /* written at once: PIPE_BUF, so that lines of two processes do not mix */
	STEP_MS = 2,  /* between two looks whether the thread is done */
	DIE_S = 1,
	DIE_WAIT_MS = 500, /* of it for what waits */
};

enum mode {
	MODE_DIRECT, /* callers write */
	MODE_THREAD, /* the thread writes */
	MODE_STOP,   /* … what waits, and ends */
	MODE_MUTE,   /* it was left behind: nobody writes */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all of these */
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;   /* something for the thread to do */
static pthread_t thread;
static enum mode mode;
static log_writer_lost_fn *say_lost;
static char room[LOG_WRITER_ROOM];
static size_t start, end;
static uint64_t lost; /* lines of the gap; 0: there is none */
static bool writing;  /* the thread has taken something that is not yet out */
static bool ended;    /* the thread has nothing more to do */

static void sleep_ms(long ms)
{
	struct timespec t = {.tv_nsec = ms * 1000000};
	nanosleep(&t, NULL);
}

/* Another process may have made the descriptor non-blocking, since the two share it. Then poll()
 * waits. */
static bool write_all(const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, p, len);
		if (n < 0 && errno == EAGAIN) {
			struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
			poll(&out, 1, -1);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* Takes as many whole lines as CHUNK holds; of a line longer than that, a part. */
static size_t take_chunk(char chunk[CHUNK])
{
	size_t len = end - start < CHUNK ? end - start : CHUNK;
	size_t whole = len;
	while (whole > 0 && room[start + whole - 1] != '\n')
		whole--;
	if (whole > 0)
		len = whole;
	memcpy(chunk, room + start, len);
	start += len;
	if (start == end)
		start = end = 0;
	return len;
}

static uint64_t count_lines(const char *p, size_t len)
{
	uint64_t lines = 0;
	for (size_t i = 0; i < len; i++)
		lines += p[i] == '\n';
	return lines;
}

/* Called with the lock held. The lock is released while it writes. */
static bool write_unlocked(const char *p, size_t len)
{
	writing = true;
	pthread_mutex_unlock(&lock);
	bool out = write_all(p, len);
	pthread_mutex_lock(&lock);
	writing = false;
	return out;
}

static void write_chunk(void)
{
	char chunk[CHUNK];
	size_t len = take_chunk(chunk);
	if (!write_unlocked(chunk, len))
		lost += count_lines(chunk, len);
}

/* Writes the count of lost lines. False: it could not, and the next line tries again. */
static bool write_lost(void)
{
	char line[256];
	uint64_t said = lost;
	if (!write_unlocked(line, say_lost(said, line, sizeof(line))))
		return false;
	lost -= said;
	return true;
}

static void *write_lines(void *arg)
{
	pthread_mutex_lock(&lock);
	for (;;) {
		bool waits = end == start;
		if (!waits)
			write_chunk();
		else if (lost > 0)
			waits = !write_lost();
		if (waits && mode == MODE_STOP)
			break;
		if (waits)
			pthread_cond_wait(&more, &lock);
	}
	ended = true;
	pthread_mutex_unlock(&lock);
	return arg;
}

int log_writer_start(log_writer_lost_fn *fn)
{
	sigset_t all, before;
	say_lost = fn;
	ended = false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int err = -pthread_create(&thread, NULL, write_lines, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err == 0) {
		pthread_mutex_lock(&lock);
		mode = MODE_THREAD;
		pthread_mutex_unlock(&lock);
	}
	return err;
}

static bool has_ended(void)
{
	return ended;
}

/* Nothing waits in this thread's room; what was taken may still be under way. */
static bool is_idle(void)
{
	return start == end && !writing;
}

/* Never waits for the lock: the thread that holds it may be the one that dies. */
static bool await(bool (*what)(void), unsigned ms)
{
	for (unsigned waited = 0; waited < ms; waited += STEP_MS) {
		if (pthread_mutex_trylock(&lock) == 0) {
			bool is_so = what();
			pthread_mutex_unlock(&lock);
			if (is_so)
				return true;
		}
		sleep_ms(STEP_MS);
	}
	return false;
}

static void set_mode(enum mode m)
{
	pthread_mutex_lock(&lock);
	mode = m;
	pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
}

void log_writer_stop(void)
{
	set_mode(MODE_STOP);
	if (await(has_ended, LOG_WRITER_STOP_MS)) {
		pthread_join(thread, NULL);
		set_mode(MODE_DIRECT);
	} else {
		pthread_detach(thread);
		set_mode(MODE_MUTE);
	}
}

/* The lock is held. */
static void append(const void *line, size_t len)
{
	size_t used = end - start;
	if (lost > 0 || len > sizeof(room) - used) {
		lost++;
		return;
	}
	if (len > sizeof(room) - end) {
		memmove(room, room + start, used);
		start = 0;
		end = used;
	}
	memcpy(room + end, line, len);
	end += len;
}

void log_writer_put(const void *line, size_t len)
{
	pthread_mutex_lock(&lock);
	bool direct = mode == MODE_DIRECT;
	if (mode == MODE_THREAD || mode == MODE_STOP) {
		append(line, len);
		pthread_cond_signal(&more);
	}
	pthread_mutex_unlock(&lock);
	if (direct)
		write_all(line, len);
}

static void on_overdue(int number)
{
	(void)number;
	abort();
}

void log_writer_die(const char *text)
{
	sigset_t overdue;
	sigemptyset(&overdue);
	sigaddset(&overdue, SIGALRM);
	signal(SIGALRM, on_overdue);
	pthread_sigmask(SIG_UNBLOCK, &overdue, NULL);
	alarm(DIE_S);
	await(is_idle, DIE_WAIT_MS);
	write_all(text, strlen(text));
	abort();
}
