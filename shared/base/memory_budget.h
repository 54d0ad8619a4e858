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
 * So neither a few greedy sessions nor many of one account leave nothing for the others.
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

/* What the account and the process leave. */
static inline size_t memory_budget_around(const struct memory_budget *b)
{
	if (!b->account)
		return SIZE_MAX;
	const struct memory_budget_whole *whole = b->account->whole;
	size_t limit = memory_budget_read(&whole->limit);
	size_t account_used = memory_budget_read(&b->account->used);
	bool alone = atomic_load_explicit(&whole->accounts, memory_order_relaxed) <= 1;
	size_t share = alone ? limit / 4 * 3 : limit / 4;
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
