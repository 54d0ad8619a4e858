/*
 * Signing in by a password, and by a code when there is a second factor. Passwords are verified on
 * the thread pool, one at a time, in an order that is fair among networks (login_queue.h). The
 * passwords of a source that guesses too much are not verified (guess_limiter.h). A code works only
 * once, also after a restart. One thread.
 */
#ifndef GROUNDNUT_ADMIN_ADMIN_LOGIN_H
#define GROUNDNUT_ADMIN_ADMIN_LOGIN_H

#include "shared/base/addr.h"
#include "shared/net/loop.h"

struct admin_login;

enum {
	ADMIN_LOGIN_WAITING = 32, /* the most passwords that wait */
	/* Codes behind a right password are verified until ADMIN_LOGIN_CODES were wrong, then one
	 * each ADMIN_LOGIN_CODE_S seconds, from all sources together. The others count as wrong: so
	 * the result does not tell a guesser that the password is right. */
	ADMIN_LOGIN_CODES = 10,
	ADMIN_LOGIN_CODE_S = 60
};

enum admin_login_result {
	ADMIN_LOGIN_RIGHT,
	ADMIN_LOGIN_WRONG,
	ADMIN_LOGIN_FAILED /* admin.json cannot be read or written; the log says why */
};

/* One try; all of it is copied. */
struct admin_login_try {
	const char *file; /* the path of admin.json */
	const struct addr *peer;
	const char *password, *code; /* code: "" for none */
	void *arg;                   /* passed to fn */
};

/* Tells the result of the try that had this arg. Comes from the loop, never inside
 * admin_login_try(). */
typedef void admin_login_fn(void *owner, void *arg, enum admin_login_result result);

struct admin_login *admin_login_new(struct loop *l, admin_login_fn *fn, void *owner);
/* Begins a try. NULL: fn comes once for it. Else one try is refused and fn does not come for it:
 * this returns the arg of that try, which is this one or an earlier one that made room. */
void *admin_login_try(struct admin_login *a, const struct admin_login_try *t);
/* fn does not come after this. NULL does nothing. */
void admin_login_close(struct admin_login *a);

#endif
