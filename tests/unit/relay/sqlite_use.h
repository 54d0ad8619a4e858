/*
 * Who uses SQLite: every connection that is opened is traced, and the statements that the test's
 * own thread runs, and the closing of a connection by it, are counted.
 */
#ifndef GROUNDNUT_TESTS_SQLITE_USE_H
#define GROUNDNUT_TESTS_SQLITE_USE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

static pthread_t sqlite_use_main;
static atomic_uint sqlite_use_here, sqlite_use_elsewhere;

static int sqlite_use_trace(unsigned what, void *context, void *p, void *x)
{
	(void)what;
	(void)context;
	(void)p;
	(void)x;
	if (pthread_equal(pthread_self(), sqlite_use_main))
		sqlite_use_here++;
	else
		sqlite_use_elsewhere++;
	return 0;
}

static int sqlite_use_opened(sqlite3 *db, char **error, const struct sqlite3_api_routines *api)
{
	(void)error;
	(void)api;
	return sqlite3_trace_v2(db, SQLITE_TRACE_STMT | SQLITE_TRACE_CLOSE, sqlite_use_trace, NULL);
}

/* For connections that are opened from here on. */
static inline void sqlite_use_watch(void)
{
	sqlite_use_main = pthread_self();
	sqlite_use_here = sqlite_use_elsewhere = 0;
	sqlite3_auto_extension((void (*)(void))sqlite_use_opened);
}

#endif
