/*
 * Lines on their way to stderr. Until log_writer_start() the caller writes its line itself, and
 * waits as commands do. From then on one thread writes, and nobody else ever waits for the reader
 * of the log: what does not fit into LOG_WRITER_ROOM bytes is counted, and the count is said in one
 * line as soon as all lines before it are out. The descriptor's flags are never changed: they are
 * the shell's, too. Safe from any thread.
 */
#ifndef GROUNDNUT_BASE_LOG_WRITER_H
#define GROUNDNUT_BASE_LOG_WRITER_H

#include <stdint.h>
#include <stddef.h>

enum { LOG_WRITER_ROOM = 1 << 20, LOG_WRITER_STOP_MS = 1000 };

/* Writes the line that says how many were lost; returns its length, at most size. Comes from the
 * writer's thread. */
typedef size_t log_writer_lost_fn(uint64_t lines, char *out, size_t size);

int log_writer_start(log_writer_lost_fn *lost); /* 0 or negative; then all is as before */
/* What waits gets LOG_WRITER_STOP_MS to leave. If it has left, callers write their lines themselves
 * again; if not, nothing is written any more. */
void log_writer_stop(void);
void log_writer_put(const void *line, size_t len); /* with its LF, and none inside */
/* Ends the process by SIGABRT within a second, also when nobody reads: first what waits, then text
 * is written, as far as the time allows. */
_Noreturn void log_writer_die(const char *text);

#endif
