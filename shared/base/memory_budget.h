/*
 * How much memory something may take. Shares nest: a session's lies in its account's, and that in
 * the process's. What the wholes hold is shared by threads (atomic); a session's budget belongs to
 * one thread. Each whole keeps its last quarter for members that hold little:
 *
 *	a session   up to its limit; in its account's share beyond three quarters only while it
 *	            holds less than MEMORY_BUDGET_SMALL
 *	an account  up to a quarter of the process's while another account has a session, else up
 *	            to three quarters; in the process's last quarter only while it holds less than
 *	            a sixteenth
 *
 * So neither a few greedy sessions nor many of one account leave nothing for the others. Members
 * who are busy all the time come to hold equally much: the less is left, the less is fair for each,
 * and who holds more than that gives back (dynamic thresholds, Choudhury and Hahne 1998). So there
 * is always something left for whoever comes.
 */
#ifndef GROUNDNUT_BASE_MEMORY_BUDGET_H
#define GROUNDNUT_BASE_MEMORY_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory_budget_whole {
	atomic_size_t used;
	atomic_size_t limit;
	atomic_uint accounts; /* that have a session */
};

struct memory_budget_account {
	struct memory_budget_whole *whole; /* not owned */
	atomic_size_t used;
	atomic_uint sessions;
};

struct memory_budget {
	struct memory_budget_account *account; /* not owned; may be NULL: only limit counts */
	size_t used;
	size_t limit;
};

enum { MEMORY_BUDGET_SMALL = 128 * 1024 };

static inline size_t memory_budget_read(const atomic_size_t *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

static inline size_t memory_budget_rest(size_t limit, size_t used)
{
	return limit > used ? limit - used : 0;
}

/* A session begins. */
static inline void memory_budget_init(struct memory_budget *b,
				      struct memory_budget_account *account, size_t limit)
{
	*b = (struct memory_budget){.account = account, .limit = limit};
	if (account && atomic_fetch_add(&account->sessions, 1) == 0)
		atomic_fetch_add(&account->whole->accounts, 1);
}

/* It is over, and holds nothing. */
static inline void memory_budget_fini(struct memory_budget *b)
{
	if (b->account && atomic_fetch_sub(&b->account->sessions, 1) == 1)
		atomic_fetch_sub(&b->account->whole->accounts, 1);
	b->account = NULL;
}

static inline size_t memory_budget_share(const struct memory_budget_whole *whole)
{
	bool alone = atomic_load_explicit(&whole->accounts, memory_order_relaxed) <= 1;
	return memory_budget_read(&whole->limit) / 4 * (alone ? 3 : 1);
}

/* What the account and the process leave. */
static inline size_t memory_budget_around(const struct memory_budget *b)
{
	if (!b->account)
		return SIZE_MAX;
	const struct memory_budget_whole *whole = b->account->whole;
	size_t limit = memory_budget_read(&whole->limit), share = memory_budget_share(whole);
	size_t account_used = memory_budget_read(&b->account->used);
	size_t in_account =
	    memory_budget_rest(b->used < MEMORY_BUDGET_SMALL ? share : share / 4 * 3, account_used);
	size_t in_process = memory_budget_rest(account_used < limit / 16 ? limit : limit / 4 * 3,
					       memory_budget_read(&whole->used));
	return in_process < in_account ? in_process : in_account;
}

static inline size_t memory_budget_left(const struct memory_budget *b)
{
	size_t own = memory_budget_rest(b->limit, b->used), around = memory_budget_around(b);
	return around < own ? around : own;
}

/* Of what is left of a whole: all that one may have while that is much, and far less of less, so
 * that what one takes changes little for the next. */
static inline size_t memory_budget_of_rest(size_t whole, size_t used, size_t limit)
{
	size_t rest = memory_budget_rest(whole, used), fair = limit < whole ? limit : whole;
	size_t much = limit < whole / 5 ? 3 * limit : whole / 3 * 2;
	if (rest < much)
		for (int i = 0; i < 3; i++)
			fair = fair / 1024 * (rest / (much / 1024 + 1));
	return fair < rest ? fair : rest;
}

/* What b may hold of a whole; little also of its last quarter. */
static inline size_t memory_budget_part(const struct memory_budget *b, size_t whole, size_t used)
{
	size_t usual = memory_budget_of_rest(whole / 4 * 3, used, b->limit),
	       last = memory_budget_of_rest(whole, used, b->limit);
	if (last > MEMORY_BUDGET_SMALL)
		last = MEMORY_BUDGET_SMALL;
	return usual > last ? usual : last;
}

/* The fair part: how much it may hold while others want some, too. It falls as they come, also
 * below used. */
static inline size_t memory_budget_fair(const struct memory_budget *b)
{
	if (!b->account)
		return b->limit;
	const struct memory_budget_whole *whole = b->account->whole;
	size_t limit = memory_budget_read(&whole->limit), used = memory_budget_read(&whole->used);
	size_t account_used = memory_budget_read(&b->account->used);
	size_t in_account = memory_budget_part(b, memory_budget_share(whole), account_used);
	size_t in_process = account_used < limit / 16 ? memory_budget_of_rest(limit, used, b->limit)
						      : memory_budget_part(b, limit, used);
	return in_process < in_account ? in_process : in_account;
}

/* Taken in any case: a caller who may be refused asks memory_budget_left first, and what is owed
 * always fits. */
static inline void memory_budget_take(struct memory_budget *b, size_t len)
{
	b->used += len;
	if (!b->account)
		return;
	atomic_fetch_add_explicit(&b->account->used, len, memory_order_relaxed);
	atomic_fetch_add_explicit(&b->account->whole->used, len, memory_order_relaxed);
}

static inline void memory_budget_give(struct memory_budget *b, size_t len)
{
	b->used -= len;
	if (!b->account)
		return;
	atomic_fetch_sub_explicit(&b->account->used, len, memory_order_relaxed);
	atomic_fetch_sub_explicit(&b->account->whole->used, len, memory_order_relaxed);
}

#endif
