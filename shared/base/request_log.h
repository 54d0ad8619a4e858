/*
 * The log of requests, in memory: those of the last minutes, bounded in bytes. No account has more
 * than a quarter of it, and of a full log the oldest of the account with the most go. One thread.
 */
#ifndef GROUNDNUT_BASE_REQUEST_LOG_H
#define GROUNDNUT_BASE_REQUEST_LOG_H

#include "shared/base/json.h"

#include <stddef.h>

struct request_log;

enum {
	REQUEST_LOG_MS = 10 * 60 * 1000,
	REQUEST_LOG_BYTES = 8 * 1024 * 1024, /* of a whole program */
	REQUEST_LOG_PATH = 512,              /* of a path; longer ones are cut */
	REQUEST_LOG_METHOD = 24,
	REQUEST_LOG_ANSWER = 1000, /* requests that request_log_write() writes, the newest */
};

struct request {
	const char *account, *agent, *mapping; /* account and agent: "" at an agent */
	const char *method, *path;
	unsigned code;                /* 0: it ended without an answer */
	uint64_t time_ms, took_ms;    /* UNIX time at which it was over */
	uint64_t bytes_in, bytes_out; /* of its bodies, toward home and back */
};

struct request_log *request_log_new(size_t bytes);
void request_log_free(struct request_log *l); /* NULL does nothing */
/* Everything is copied. now_ms: of one clock, for what is forgotten. */
void request_log_add(struct request_log *l, const struct request *r, uint64_t now_ms);
/* Into an array that is open, the newest last. account: only those of it; "": all. */
void request_log_write(struct request_log *l, const char *account, uint64_t now_ms, struct json *w);
size_t request_log_bytes(const struct request_log *l); /* that it holds */

#endif
