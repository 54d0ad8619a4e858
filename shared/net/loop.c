/*
 * A turn of the loop: the kernel's events are entered, and what libuv has is run (poller_set_wait:
 * timers, files, names, posts of other threads, which come in through one uv_async); then a look at
 * each descriptor that has become ready; then the tasks marked so far. While looks or tasks are
 * left for the next turn, it does not wait.
 *
 * The end: loop_stop() lets go of the async (uv_unref), so uv_run() returns when everyone else's
 * handles are closed. Then, under the lock, the inbox is looked at a last time; when it is empty
 * the loop is dry, posts are refused from here on, and the loop's own handles are closed.
 */
#include "shared/net/loop.h"

#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/poller.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <uv.h>

/* Asking for the thread's CPU time costs a system call, so it is asked only after so much time. */
enum { TURN_LOOK_NS = 2000000, INBOX_SLICE_NS = 5000000, TOILS = 4, TOILS_BEGUN = 8 };
enum { USUAL_TURN_US = 50000 }; /* the usual turn is that of so long */

struct loop {
	uv_loop_t uv;
	uv_async_t wake; /* something is in the inbox, or stop was asked for */
	struct poller_set *pollers;
	uv_thread_t thread; /* of loop_start */
	uv_mutex_t lock;    /* guards inbox, stopping, dry */
	struct list inbox;
	bool stopping;
	bool dry;                           /* posts are refused */
	struct list tasks;                  /* marked, in order */
	uint8_t *plain, *cipher, *received; /* made when first asked for */
	struct list edits;                  /* the first is on the pool */
	void *lookups;                      /* resolver.c's */
	void (*drop_lookups)(void *lookups);
	uint64_t turns;
	uint64_t toil_turn;               /* in which … */
	unsigned toils[2];                /* … so many have asked loop_may_toil(), by has_begun */
	uint64_t mark_ns, mark_cpu_ns;    /* the end of a turn, by the clock and by the CPU */
	_Atomic uint64_t longest_turn_us; /* of CPU time; other threads read it */
	uint64_t turn_us, ended_us;       /* the usual turn's length; the end of the last one */
	char name[32];
};

struct post {
	struct list node;
	void (*fn)(void *arg);
	void *arg;
};

struct work {
	uv_work_t req;
	void (*work)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

struct edit {
	struct list node;
	struct loop *loop;
	void (*work)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

static uint64_t thread_cpu_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

/* Posts made by a post wait for the next look, so that a pair of loops cannot starve their
 * sockets; so do those that are left when INBOX_SLICE_NS of CPU time are used. */
static void run_inbox(struct loop *l)
{
	struct list mine;
	uint64_t until = thread_cpu_ns() + INBOX_SLICE_NS;

	list_init(&mine);
	uv_mutex_lock(&l->lock);
	list_move(&mine, &l->inbox);
	uv_mutex_unlock(&l->lock);
	do {
		struct post *p = LIST_ENTRY(mine.next, struct post, node);

		if (list_is_empty(&mine))
			return;
		list_remove(&p->node);
		p->fn(p->arg);
		mem_free(p);
	} while (thread_cpu_ns() < until);
	uv_mutex_lock(&l->lock);
	list_move(&mine, &l->inbox); /* behind those that were before them */
	list_move(&l->inbox, &mine);
	if (!list_is_empty(&l->inbox) && !uv_is_closing((uv_handle_t *)&l->wake))
		uv_async_send(&l->wake);
	uv_mutex_unlock(&l->lock);
}

static void on_wake(uv_async_t *wake)
{
	struct loop *l = wake->data;
	bool stopping;

	run_inbox(l);
	uv_mutex_lock(&l->lock);
	stopping = l->stopping;
	uv_mutex_unlock(&l->lock);
	if (stopping)
		uv_unref((uv_handle_t *)wake);
}

static void run_tasks(struct loop *l)
{
	struct list now;

	/* What is marked from here on is for the next turn. */
	list_init(&now);
	list_move(&now, &l->tasks);
	while (!list_is_empty(&now)) {
		struct task *t = LIST_ENTRY(now.next, struct task, node);

		list_remove(&t->node);
		t->fn(t->arg);
	}
}

/* A turn must not wait. */
static bool has_work(void *arg)
{
	const struct loop *l = arg;

	return poller_set_is_due(l->pollers) || !list_is_empty(&l->tasks);
}

/* Waiting costs no CPU. So the CPU time between the ends of two turns is the second turn's. Short
 * turns before it may count for up to TURN_LOOK_NS. */
static void measure_turn(struct loop *l)
{
	uint64_t now = uv_hrtime(), cpu, us;

	if (now - l->mark_ns < TURN_LOOK_NS)
		return;
	cpu = thread_cpu_ns();
	us = (cpu - l->mark_cpu_ns) / 1000;
	if (us > atomic_load_explicit(&l->longest_turn_us, memory_order_relaxed))
		atomic_store_explicit(&l->longest_turn_us, us, memory_order_relaxed);
	l->mark_ns = now;
	l->mark_cpu_ns = cpu;
}

/* How long a turn takes that one meets at any time. Waiting takes none. */
static void note_turn(struct loop *l, uint64_t begun_us)
{
	uint64_t now = loop_clock_us(), took = now - begun_us, passed = now - l->ended_us;
	l->ended_us = now;
	if (!passed)
		return;
	l->turn_us = (l->turn_us * USUAL_TURN_US + took * took) / (USUAL_TURN_US + passed);
}

static void turn(struct loop *l, bool hurry)
{
	uint64_t begun_us;

	l->turns++;
	poller_set_wait(l->pollers, hurry || has_work(l));
	begun_us = loop_clock_us();
	poller_set_look(l->pollers);
	run_tasks(l);
	note_turn(l, begun_us);
	measure_turn(l);
}

static bool is_alive(struct loop *l)
{
	return uv_loop_alive(&l->uv) || has_work(l);
}

struct loop *loop_new(const char *name)
{
	struct loop *l = mem_zalloc(sizeof(*l));
	int err;

	snprintf(l->name, sizeof(l->name), "%s", name);
	list_init(&l->inbox);
	list_init(&l->tasks);
	list_init(&l->edits);
	err = uv_loop_init(&l->uv);
	if (err == 0)
		err = uv_mutex_init(&l->lock);
	if (err == 0)
		err = uv_async_init(&l->uv, &l->wake, on_wake);
	l->pollers = err == 0 ? poller_set_new(&l->uv, has_work, l) : NULL;
	if (err == 0 && !l->pollers)
		err = UV_EMFILE;
	/* no descriptors or memory at the very start; without a loop nothing can be done */
	if (err != 0) {
		log_error("loop_failed", "loop=%s error=%s", name, err_text(err));
		assert(err == 0);
	}
	l->uv.data = l->wake.data = l;
	return l;
}

/* True when the inbox was empty and nothing more will come. */
static bool become_dry(struct loop *l)
{
	uv_mutex_lock(&l->lock);
	l->dry = list_is_empty(&l->inbox);
	uv_mutex_unlock(&l->lock);
	return l->dry;
}

static void close_own(struct loop *l)
{
	uv_close((uv_handle_t *)&l->wake, NULL);
	poller_set_close(l->pollers);
}

void loop_run(struct loop *l)
{
	l->mark_ns = uv_hrtime();
	l->mark_cpu_ns = thread_cpu_ns();
	for (;;) {
		while (is_alive(l))
			turn(l, false);
		if (become_dry(l))
			break;
		run_inbox(l);
	}
	close_own(l);
	uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_turn(struct loop *l)
{
	turn(l, false);
}

uint64_t loop_turns(const struct loop *l)
{
	return l->turns;
}

bool loop_may_toil(struct loop *l, bool has_begun)
{
	if (l->toil_turn != l->turns)
		l->toils[false] = l->toils[true] = 0;
	l->toil_turn = l->turns;
	return l->toils[has_begun]++ < (has_begun ? TOILS_BEGUN : TOILS);
}

uint64_t loop_turn_us(const struct loop *l)
{
	return l->turn_us;
}

uint64_t loop_longest_turn_us(const struct loop *l)
{
	return atomic_load_explicit(&l->longest_turn_us, memory_order_relaxed);
}

const char *loop_name(const struct loop *l)
{
	return l->name;
}

static void thread_main(void *arg)
{
	loop_run(arg);
}

int loop_start(struct loop *l)
{
	return uv_thread_create(&l->thread, thread_main, l);
}

int loop_join(struct loop *l)
{
	return uv_thread_join(&l->thread);
}

void loop_stop(struct loop *l)
{
	uv_mutex_lock(&l->lock);
	l->stopping = true;
	if (!l->dry)
		uv_async_send(&l->wake);
	uv_mutex_unlock(&l->lock);
}

static void log_leak(uv_handle_t *handle, void *arg)
{
	struct loop *l = arg;

	log_error("handle_leaked", "loop=%s kind=%s active=%d closing=%d", l->name,
		  uv_handle_type_name(handle->type), uv_is_active(handle), uv_is_closing(handle));
}

int loop_free(struct loop *l)
{
	int err;

	if (!l)
		return 0;
	if (!l->dry) { /* it was never run: closing callbacks and posts still have to come */
		do {
			run_inbox(l);
			turn(l, true);
			/* a look that is still due belongs to something that was left behind */
		} while (!list_is_empty(&l->tasks) || !become_dry(l));
		close_own(l);
		uv_run(&l->uv, UV_RUN_NOWAIT);
	}
	if (l->drop_lookups)
		l->drop_lookups(l->lookups);
	err = uv_loop_close(&l->uv);
	if (err != 0)
		uv_walk(&l->uv, log_leak, l);
	if (poller_set_open(l->pollers) > 0) {
		log_error("handle_leaked", "loop=%s kind=watch count=%u", l->name,
			  poller_set_open(l->pollers));
		err = UV_EBUSY;
	}
	poller_set_free(l->pollers);
	uv_mutex_destroy(&l->lock);
	mem_free(l->plain);
	mem_free(l->cipher);
	mem_free(l->received);
	mem_free(l);
	return err;
}

struct uv_loop_s *loop_uv(struct loop *l)
{
	return &l->uv;
}

struct poller_set *loop_pollers(const struct loop *l)
{
	return l->pollers;
}

void *loop_lookups(const struct loop *l)
{
	return l->lookups;
}

void loop_set_lookups(struct loop *l, void *lookups, void (*drop)(void *lookups))
{
	l->lookups = lookups;
	l->drop_lookups = drop;
}

uint64_t loop_clock_us(void)
{
	return uv_hrtime() / 1000;
}

uint64_t loop_now_ms(const struct loop *l)
{
	return uv_now(&l->uv);
}

uint64_t loop_clock_ms(void)
{
	return uv_hrtime() / 1000000;
}

static uint64_t read_clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t loop_wall_ms(void)
{
	return read_clock_ms(CLOCK_REALTIME);
}

uint64_t loop_boot_ms(void)
{
#ifdef CLOCK_BOOTTIME
	return read_clock_ms(CLOCK_BOOTTIME);
#else
	return read_clock_ms(CLOCK_MONOTONIC);
#endif
}

bool loop_post(struct loop *l, void (*fn)(void *arg), void *arg)
{
	struct post *p = mem_alloc(sizeof(*p));
	bool taken;

	*p = (struct post){.fn = fn, .arg = arg};
	uv_mutex_lock(&l->lock);
	taken = !l->dry;
	if (taken) {
		list_append(&l->inbox, &p->node);
		uv_async_send(&l->wake);
	}
	uv_mutex_unlock(&l->lock);
	if (!taken)
		mem_free(p);
	return taken;
}

void task_init(struct task *t, void (*fn)(void *arg), void *arg)
{
	list_init(&t->node);
	t->fn = fn;
	t->arg = arg;
}

void task_mark(struct loop *l, struct task *t)
{
	if (!list_is_empty(&t->node))
		return;
	list_append(&l->tasks, &t->node);
}

void task_cancel(struct task *t)
{
	list_remove(&t->node);
}

static uint8_t *staging(uint8_t **memory)
{
	if (!*memory)
		*memory = mem_alloc(LOOP_STAGING);
	return *memory;
}

uint8_t *loop_plain(struct loop *l)
{
	return staging(&l->plain);
}

uint8_t *loop_cipher(struct loop *l)
{
	return staging(&l->cipher);
}

uint8_t *loop_received(struct loop *l)
{
	return staging(&l->received);
}

static void on_work(uv_work_t *req)
{
	struct work *w = req->data;

	w->work(w->arg);
}

static void on_worked(uv_work_t *req, int status)
{
	struct work *w = req->data;

	(void)status; /* nobody cancels */
	w->done(w->arg);
	mem_free(w);
}

void loop_work(struct loop *l, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
	struct work *w = mem_alloc(sizeof(*w));
	int err;

	*w = (struct work){.work = work, .done = done, .arg = arg};
	w->req.data = w;
	err = uv_queue_work(&l->uv, &w->req, on_work, on_worked);
	assert(err == 0);
}

static void work_on_edit(void *arg)
{
	struct edit *e = arg;
	e->work(e->arg);
}

static void on_edited(void *arg)
{
	struct edit *e = arg, done = *e;
	list_remove(&e->node);
	mem_free(e);
	if (!list_is_empty(&done.loop->edits))
		loop_work(done.loop, work_on_edit, on_edited,
			  LIST_ENTRY(done.loop->edits.next, struct edit, node));
	done.done(done.arg);
}

void loop_edit(struct loop *l, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
	struct edit *e = mem_alloc(sizeof *e);
	bool is_first = list_is_empty(&l->edits);
	*e = (struct edit){.loop = l, .work = work, .done = done, .arg = arg};
	list_append(&l->edits, &e->node);
	if (is_first)
		loop_work(l, work_on_edit, on_edited, e);
}
