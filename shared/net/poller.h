/*
 * Readiness of one descriptor, for those who keep sockets: what it can do as far as is known, and a
 * look whenever that may have become more.
 *
 * On Linux each loop has one epoll descriptor of its own in which every poller is registered once,
 * for all it may ever want, edge-triggered: the kernel says what is new, and never says it twice,
 * so nothing has to be switched on or off while a connection lives. libuv's own descriptor is
 * registered there too, and libuv runs when it has something. Elsewhere (also with a libuv before
 * 1.44.2, whose uv_backend_timeout() does not see that a handle was started) libuv waits, and
 * uv_poll is told what is of interest.
 *
 * The owner keeps the account: the kernel adds to ready, the owner takes away what it has found
 * used up. That is said by EAGAIN, by a write that fell short, and by a read that fell short if
 * neither the end nor an urgent mark is known to be there. What comes after that raises a new
 * event, however the two cross. An owner that leaves something unused gets no second word of it and
 * asks for another look itself (poller_due).
 */
#ifndef GROUNDNUT_NET_POLLER_H
#define GROUNDNUT_NET_POLLER_H

#include "shared/base/list.h"

#include <stdbool.h>
#include <stdint.h>

struct poller_set; /* the pollers of one loop: loop_pollers() */
struct poller_uv;
struct uv_loop_s;

enum {
	POLLER_READ = 1,  /* bytes, the end or an error may be read */
	POLLER_WRITE = 2, /* bytes may be written, or a connect() is done */
	POLLER_FAULT = 4, /* something is wrong with it: SO_ERROR tells */
};

struct poller {
	struct list node; /* of those that are due */
	struct poller_set *set;
	struct poller_uv *uv; /* elsewhere */
	void (*look)(struct poller *w);
	int fd;              /* -1: none, there is only poller_due() */
	uint8_t what, ready; /* of POLLER_…: of interest; what it can do */
	/* the peer's end has come, and may be behind what has just been read */
	bool ended;
	/* an urgent mark has come, and reading stops short before it; until EAGAIN */
	bool urgent;
};

/* The looks come before the tasks of a turn: never two for one poller, never from inside
 * another's. */
void poller_init(struct poller *w, struct poller_set *set, void (*look)(struct poller *w));
/* what: READ, WRITE or both; FAULT always. 0 or a negative error. The first look tells what it can
 * do already. */
int poller_open(struct poller *w, int fd, unsigned what);
/* a look in this turn, or in the next when this turn's are under way; once closed: none */
void poller_due(struct poller *w);
/* The descriptor has just said that it can do no more of that: EAGAIN, or of a write less than was
 * asked for. */
void poller_drained(struct poller *w, unsigned what);
/* A read gave less than was asked for. That says as much, if nothing is known that may hide behind
 * it. */
void poller_short(struct poller *w);
/* the kernel looks anew at what it can do now, also if it has said so before */
void poller_again(struct poller *w);
/* the fault was only an event, as for a UDP socket: it goes on */
void poller_recover(struct poller *w);
/* no look from now on; the descriptor lives on, elsewhere */
void poller_leave(struct poller *w);
/* no look from now on; the descriptor is closed right after this */
void poller_close(struct poller *w);

/* For the loop. has_work: the turn must not wait; asked where libuv waits. NULL: no descriptor was
 * left for it. */
struct poller_set *poller_set_new(struct uv_loop_s *uv, bool (*has_work)(void *arg), void *arg);
/* Waits until something happens (hurry: not at all), enters it, and runs what libuv has to run. */
void poller_set_wait(struct poller_set *set, bool hurry);
void poller_set_look(struct poller_set *set); /* at everyone that is due */
bool poller_set_is_due(const struct poller_set *set);
unsigned poller_set_open(const struct poller_set *set); /* how many descriptors */
/* lets go of the loop; no poller is open any more */
void poller_set_close(struct poller_set *set);
void poller_set_free(struct poller_set *set); /* when the loop has let go too */

#endif
