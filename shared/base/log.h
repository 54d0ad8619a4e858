/*
 * Logs go to stderr, one event a line: "time level event key=value…", or one JSON object a line.
 * Time is RFC 3339 UTC with milliseconds. Safe from any thread. Where stderr is systemd's journal
 * (JOURNAL_STREAM), lines begin with their priority ("<4>") and have no time.
 *
 *	log_info("agent_resumed", "account=%s agent=%s after_ms=%" PRIu64, account, agent, ms);
 *
 * The format is a list of key=spec separated by one space, and spec is one of %s %d %u %ld %lu %lld
 * %llu %zu %zd %c %.*s (so PRIu64 works) or plain text, or several of them joined ("peer=%s:%u");
 * NULL for %s is "-". A format of NULL has no keys: log_info("stopped", NULL). Values are quoted
 * where they need it (blank, quote, '=', control characters, beyond ASCII, empty; escapes as in
 * JSON), so a visitor's bytes cannot forge a line. In JSON a value that is one number is a number,
 * and everything else a string.
 */
#ifndef GROUNDNUT_BASE_LOG_H
#define GROUNDNUT_BASE_LOG_H

#include <stddef.h>

struct buf;

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

/* program: prefix of log_say() lines, kept by pointer. */
void log_setup(const char *program, enum log_level least, enum log_format format);
/* "debug" "info" "warn" "error"; 0 or ERR_SYNTAX */
int log_level_parse(const char *text, enum log_level *out);
int log_format_parse(const char *text, enum log_format *out); /* "text" "json" */

void log_event(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_debug(event, ...) log_event(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...)  log_event(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...)  log_event(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_event(LOG_ERROR, event, __VA_ARGS__)

/* For the operator at a terminal: "program: text\n" on stderr, control characters escaped; what
 * commands say, and what is wrong with a file. With --log-format json an event "said", so that a
 * machine's log has nothing else in it. */
void log_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* From here on what this thread says by log_say() is put into text, a line each; NULL: as
 * before. */
void log_say_into(struct buf *text);

/* From here on nobody waits for the log's reader; what is lost is said by an event "log_lost"
 * (log_writer.h). 0 or negative. */
int log_start(void);
void log_stop(void); /* after it lines are written by their callers again */

#endif
