/*
 * One thread's event loop: a libuv loop, an inbox that other threads may post to, work that is done
 * once at the end of a turn, staging memory that everyone on the loop may use within one call, and
 * a count of what still lives, so that main can prove at the end that nothing was left behind.
 *
 * Everything but loop_post(), loop_stop() and what says "any thread" is called on the loop's own
 * thread only.
 */
#ifndef GROUNDNUT_NET_LOOP_H
#define GROUNDNUT_NET_LOOP_H

#include "shared/base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct poller_set;
struct uv_loop_s;

enum { LOOP_STAGING = 256 * 1024 + 8192 };

/* to be run on the calling thread or by loop_start */
struct loop *loop_new(const char *name);
/* runs it on a thread of its own; 0 or a negative error */
int loop_start(struct loop *l);
/* runs it here until loop_stop() and all handles are closed */
void loop_run(struct loop *l);
/* one turn of it, here: for tests that drive it themselves */
void loop_turn(struct loop *l);
uint64_t loop_turns(const struct loop *l); /* so far */
/* True for the first few that ask in one turn. What costs as much as a handshake is otherwise left
 * for the next turn, so that small events do not wait for a crowd. What has begun has turns of its
 * own: in a crowd the first would otherwise wait until all have begun, and time out. */
bool loop_may_toil(struct loop *l, bool has_begun);
const char *loop_name(const struct loop *l);
/* any thread: CPU time of the longest turn since loop_run() began, at most 2 ms too much */
uint64_t loop_longest_turn_us(const struct loop *l);
/* How long a turn has taken lately, from its events to its end: what one has to wait for the next
 * chance on a busy loop. On one that mostly waits it is near 0. */
uint64_t loop_turn_us(const struct loop *l);
/* any thread: closes the loop's own handles, so it runs dry and returns */
void loop_stop(struct loop *l);
int loop_join(struct loop *l); /* waits for the thread of loop_start */
/* Returns 0 when uv_loop_close() did: nothing leaked. Otherwise logs each handle left and returns
 * UV_EBUSY. Frees l. */
int loop_free(struct loop *l);

/* For files that have handles of their own: libuv's loop, the pollers, and a place for what
 * resolver.c keeps per loop (drop frees it with the loop). */
struct uv_loop_s *loop_uv(struct loop *l);
struct poller_set *loop_pollers(const struct loop *l);
void *loop_lookups(const struct loop *l);
void loop_set_lookups(struct loop *l, void *lookups, void (*drop)(void *lookups));
uint64_t loop_clock_us(void);               /* the same clock, read now, and finer */
uint64_t loop_now_ms(const struct loop *l); /* monotonic; moves once a turn */
uint64_t loop_clock_ms(void);               /* monotonic, read now; any thread */
uint64_t loop_wall_ms(void);                /* UNIX time in ms; any thread */
uint64_t loop_boot_ms(void); /* as loop_clock_ms(), but counts while the machine sleeps, on Linux */

/* Any thread: fn(arg) runs on l's thread, in the order of posting. After loop_stop() it runs
 * before the loop ends, or is dropped with false when the loop is already gone dry. */
bool loop_post(struct loop *l, void (*fn)(void *arg), void *arg);

/*
 * Work once a turn: a task is marked any number of times and runs once, at the end of this turn.
 * Marked from inside a task, it runs in the next turn, which then does not wait for events.
 */
struct task {
	struct list node;
	void (*fn)(void *arg);
	void *arg;
};
void task_init(struct task *t, void (*fn)(void *arg), void *arg);
void task_mark(struct loop *l, struct task *t);
/* not run any more; safe at any time after task_init */
void task_cancel(struct task *t);

/* LOOP_STAGING bytes each, whose content lasts until the caller returns to the loop: what came
 * out of a TLS connection, ciphertext on its way out, and ciphertext that has come. */
uint8_t *loop_plain(struct loop *l);
uint8_t *loop_cipher(struct loop *l);
uint8_t *loop_received(struct loop *l);

/* Blocking work (scrypt, files, SQLite) on the thread pool; done runs on the loop. The work is
 * not cancellable: what it uses belongs to it until done. */
void loop_work(struct loop *l, void (*work)(void *arg), void (*done)(void *arg), void *arg);
/* The same for edits of files that another program may have locked: one at a time, in their order,
 * so that those that wait hold one thread of the pool. */
void loop_edit(struct loop *l, void (*work)(void *arg), void (*done)(void *arg), void *arg);

#endif
