/*
 * Signing in by a password, and a second factor where there is one. Passwords are looked at on the
 * thread pool, one after the other, in an order that is fair among networks (login_queue.h); who
 * guesses is not looked at (guess_limiter.h). A code works once, also after a restart. One thread.
 */
#ifndef GROUNDNUT_ADMIN_ADMIN_LOGIN_H
#define GROUNDNUT_ADMIN_ADMIN_LOGIN_H

#include "shared/base/addr.h"
#include "shared/net/loop.h"

struct admin_login;

enum {
	ADMIN_LOGIN_WAITING = 32, /* passwords that wait at most */
	/* Wrong codes behind a right password: so many at once, then one each so many seconds.
	 * Somebody has the password by then. */
	ADMIN_LOGIN_CODES = 10,
	ADMIN_LOGIN_CODE_S = 60
};

enum admin_login_result {
	ADMIN_LOGIN_RIGHT,
	ADMIN_LOGIN_WRONG,
	ADMIN_LOGIN_LATER, /* not looked at: too much is guessed, or waits */
	ADMIN_LOGIN_FAILED /* admin.json cannot be read or written; logged */
};

struct admin_login_try {
	const char *file; /* admin.json */
	const struct addr *peer;
	const char *password, *code; /* code: "" for none */
	void *arg;                   /* the owner's */
};

/* How a try went, for the arg it was given. */
typedef void admin_login_fn(void *owner, void *arg, enum admin_login_result result);

struct admin_login *admin_login_new(struct loop *l, admin_login_fn *fn, void *owner);
/* NULL: fn will be called. Else the arg of the try that is not looked at, this one or an earlier
 * one that made room, for which it will not. */
void *admin_login_try(struct admin_login *a, const struct admin_login_try *t);
void admin_login_close(struct admin_login *a); /* fn is not called any more */

#endif
