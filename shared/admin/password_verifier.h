/*
 * Signing in by a password, and by a code when there is a second factor. Passwords are verified on
 * the thread pool, one at a time, in an order that is fair among networks (login_queue.h). The
 * passwords of a source that guesses too much are not verified (guess_limiter.h). A code works only
 * once, also after a restart. One thread.
 */
#ifndef GROUNDNUT_ADMIN_PASSWORD_VERIFIER_H
#define GROUNDNUT_ADMIN_PASSWORD_VERIFIER_H

#include "shared/base/addr.h"
#include "shared/net/loop.h"

struct password_verifier;

enum {
	PASSWORD_VERIFIER_WAITING = 32, /* the most passwords that wait */
	/* Codes behind a right password are verified until PASSWORD_VERIFIER_CODES were wrong,
	 * then one each PASSWORD_VERIFIER_CODE_S seconds, from all sources together. The others
	 * count as wrong: so the result does not tell a guesser that the password is right. */
	PASSWORD_VERIFIER_CODES = 10,
	PASSWORD_VERIFIER_CODE_S = 60
};

enum password_verifier_result {
	PASSWORD_VERIFIER_RIGHT,
	PASSWORD_VERIFIER_WRONG,
	PASSWORD_VERIFIER_FAILED /* admin.json cannot be read or written; the log says why */
};

/* One try; all of it is copied. */
struct password_verifier_try {
	const char *file; /* the path of admin.json */
	const struct addr *peer;
	const char *password, *code; /* code: "" for none */
	void *arg;                   /* passed to fn */
};

/* Tells the result of the try that had this arg. Comes from the loop, never inside
 * password_verifier_try(). */
typedef void password_verifier_fn(void *owner, void *arg, enum password_verifier_result result);

struct password_verifier *password_verifier_new(struct loop *l, password_verifier_fn *fn,
						void *owner);
/* Begins a try. NULL: fn comes once for it. Else one try is refused and fn does not come for it:
 * this returns the arg of that try, which is this one or an earlier one that made room. */
void *password_verifier_try(struct password_verifier *a, const struct password_verifier_try *t);
/* fn does not come after this. NULL does nothing. */
void password_verifier_close(struct password_verifier *a);

#endif
