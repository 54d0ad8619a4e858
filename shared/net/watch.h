/*
 * Readiness of one descriptor, for those who keep sockets: what it can do as far as is known, and a
 * look whenever that may have become more.
 *
 * On Linux each loop has one epoll descriptor of its own in which every watch is registered once,
 * for all it may ever want, edge-triggered: the kernel says what is new, and never says it twice,
 * so that nothing has to be switched on or off while a connection lives. libuv's own descriptor is
 * registered there too, and libuv runs when it has something. Elsewhere (also with a libuv before
 * 1.44.2, whose uv_backend_timeout() does not see that a handle was started) libuv waits, and
 * uv_poll is told what is of interest.
 *
 * The owner keeps the account: the kernel adds to ready, the owner takes away what it has found
 * used up, which is said by EAGAIN, by a write that fell short, and by a read that fell short if
 * neither the end nor an urgent mark is known to be there. What comes after that raises a new
 * event, however the two cross. Whoever leaves something unused gets no second word of it and asks
 * for another look himself (watch_due).
 */
#ifndef GROUNDNUT_NET_WATCH_H
#define GROUNDNUT_NET_WATCH_H

#include "shared/base/list.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct watches; /* those of one loop */
struct watch_poll;

enum {
	WATCH_READ = 1,  /* bytes, the end or an error may be read */
	WATCH_WRITE = 2, /* bytes may be written, or a connect() is done */
	WATCH_FAULT = 4, /* something is wrong with it: SO_ERROR tells */
};

struct watch {
	struct list node; /* on the list of those that are due */
	struct watches *all;
	struct watch_poll *poll; /* elsewhere */
	void (*look)(struct watch *w);
	int fd;              /* -1: none, there is only watch_due() */
	uint8_t what, ready; /* of WATCH_…: of interest; what it can do */
	/* the peer's end has come, and may be behind what has just been read */
	bool ended;
	/* an urgent mark has come, and reading stops short before it; until EAGAIN */
	bool urgent;
};

/* Before the tasks of a turn come its looks: never two for one watch, never from inside
 * another's. */
void watch_init(struct watch *w, struct loop *l, void (*look)(struct watch *w));
/* what: READ, WRITE or both; FAULT always. 0 or a negative error. The first look tells what it can
 * do already. */
int watch_open(struct watch *w, int fd, unsigned what);
/* a look in this turn, or in the next when this turn's are under way; once closed: none */
void watch_due(struct watch *w);
/* The descriptor has just said that it can do no more of that: EAGAIN, or of a write less than was
 * asked for. */
void watch_drained(struct watch *w, unsigned what);
/* A read gave less than was asked for. That says as much, if nothing is known that may hide behind
 * it. */
void watch_short(struct watch *w);
/* the kernel looks anew at what it can do now, also if it has said so before */
void watch_again(struct watch *w);
/* the fault was only an event, as for a UDP socket: it goes on */
void watch_recover(struct watch *w);
/* no look from now on; the descriptor lives on, elsewhere */
void watch_leave(struct watch *w);
/* no look from now on; the descriptor is closed right after this */
void watch_close(struct watch *w);

/* For loop.c. */
struct watches *watches_new(struct loop *l); /* NULL: no descriptor was left for it */
/* Waits until something happens (hurry: not at all), enters it, and runs what libuv has to run. */
void watches_wait(struct watches *all, bool hurry);
void watches_look(struct watches *all); /* at everyone that is due */
bool watches_are_due(const struct watches *all);
unsigned watches_open(const struct watches *all); /* how many are watched */
void watches_close(struct watches *all);          /* lets go of the loop; none is open any more */
void watches_free(struct watches *all);           /* when the loop has let go too */

#endif
