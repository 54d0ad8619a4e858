/*
 * Keeps the requests of the last minutes in memory, bounded in bytes. No account has more than a
 * quarter of the bytes; at an agent all requests count as one account. When the log is full, the
 * account with the most bytes loses its oldest requests. One thread.
 */
#ifndef GROUNDNUT_BASE_REQUEST_LOG_H
#define GROUNDNUT_BASE_REQUEST_LOG_H

#include "shared/base/json.h"

#include <stddef.h>

struct request_log;

enum {
	REQUEST_LOG_MS = 10 * 60 * 1000,
	REQUEST_LOG_BYTES = 8 * 1024 * 1024, /* for all logs of a program together */
	REQUEST_LOG_PATH = 512,              /* a longer path is cut; with its NUL */
	REQUEST_LOG_METHOD = 24,             /* the same for a method */
	REQUEST_LOG_ANSWER = 1000,           /* the most requests that request_log_write() writes */
};

struct request {
	const char *account, *agent, *mapping; /* account and agent: "" at an agent */
	const char *method, *path;
	unsigned code;                /* the status; 0: it ended without an answer */
	uint64_t time_ms, took_ms;    /* UNIX time of its end; how long it took */
	uint64_t bytes_in, bytes_out; /* of its bodies, toward home and back */
};

struct request_log *request_log_new(size_t bytes); /* bytes: the most that it may hold */
void request_log_free(struct request_log *l);      /* NULL does nothing */
/* Copies the request. now_ms here and below: of one clock that never goes back. Requests older than
 * REQUEST_LOG_MS are dropped. */
void request_log_add(struct request_log *l, const struct request *r, uint64_t now_ms);
/* Writes the newest requests into an open array, the newest last. account: only its requests; "":
 * those of all accounts. */
void request_log_write(struct request_log *l, const char *account, uint64_t now_ms, struct json *w);
size_t request_log_bytes(const struct request_log *l); /* the bytes that it holds */

#endif
