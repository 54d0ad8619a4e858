/*
 * An event becomes one line: log_event writes the head (time, level, event), then a member for each
 * "key=%x" of its format, and hands the line to the log writer. The same members become a JSON
 * object with --log-format json. Values are quoted and escaped, so that text from a peer cannot
 * begin a line of its own or steer a terminal.
 *
 * Nothing here waits: log_writer.c decides what happens when the reader of stderr is slow.
 */
#include "shared/base/log.h"

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/base/json.h"
#include "shared/base/log_writer.h"
#include "shared/base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *const level_names[] = {"debug", "info", "warn", "error", NULL};
static const char *const format_names[] = {"text", "json", NULL};

static _Atomic(const char *) log_program = "groundnut";
static atomic_int log_least = LOG_INFO;
static atomic_int log_form = LOG_TEXT;
static atomic_bool log_to_journal;

/* Priorities of syslog, by level. */
static const int priorities[] = {7, 6, 4, 3};

/* systemd names the device and inode of the journal's socket; stderr may be another file. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;
	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return !strcmp(stream, ours);
}

void log_setup(const char *program, enum log_level least, enum log_format format)
{
	atomic_store(&log_program, program);
	atomic_store(&log_least, (int)least);
	atomic_store(&log_form, (int)format);
	atomic_store(&log_to_journal, is_journal());
}

static int find_name(const char *const *names, const char *text)
{
	for (int i = 0; names[i]; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	return ERR_SYNTAX;
}

int log_level_parse(const char *text, enum log_level *out)
{
	int i = find_name(level_names, text);
	if (i < 0)
		return i;
	*out = (enum log_level)i;
	return 0;
}

int log_format_parse(const char *text, enum log_format *out)
{
	int i = find_name(format_names, text);
	if (i < 0)
		return i;
	*out = (enum log_format)i;
	return 0;
}

static void put_line(struct buf *line)
{
	buf_puts(line, "\n");
	log_writer_put(buf_data(line), buf_len(line));
	buf_fini(line);
}

/* Takes one argument for the spec at p (behind its '%'); returns what follows the spec. */
static const char *put_spec(struct buf *out, const char *p, va_list *args, bool *number)
{
	const char *s;
	int precision;
	*number = true;
	switch (*p) {
	case 'd':
		buf_printf(out, "%d", va_arg(*args, int));
		return p + 1;
	case 'u':
		buf_printf(out, "%u", va_arg(*args, unsigned));
		return p + 1;
	case 'l':
	case 'z':
		break;
	case 's':
		*number = false;
		s = va_arg(*args, const char *);
		buf_puts(out, s ? s : "-");
		return p + 1;
	case 'c':
		*number = false;
		buf_printf(out, "%c", va_arg(*args, int));
		return p + 1;
	case '.':
		assert(p[1] == '*' && p[2] == 's');
		*number = false;
		precision = va_arg(*args, int);
		s = va_arg(*args, const char *);
		buf_printf(out, "%.*s", precision, s);
		return p + 3;
	default:
		assert(!"a spec that log.h does not list");
	}
	/* On every Linux that has libuv, long long holds what %l and %z hold; only the sizes taken
	 * differ. */
	if (p[0] == 'z') {
		buf_printf(out, p[1] == 'd' ? "%zd" : "%zu", va_arg(*args, size_t));
		return p + 2;
	}
	if (p[1] == 'l') {
		buf_printf(out, p[2] == 'd' ? "%lld" : "%llu", va_arg(*args, unsigned long long));
		return p + 3;
	}
	buf_printf(out, p[1] == 'd' ? "%ld" : "%lu", va_arg(*args, unsigned long));
	return p + 2;
}

/* Writes the value that begins at p into out, up to the blank or the end, and returns that. */
static const char *put_value(struct buf *out, const char *p, va_list *args, bool *number)
{
	unsigned parts = 0;
	*number = false;
	while (*p && *p != ' ') {
		parts++;
		if (*p != '%')
			buf_put(out, p++, 1);
		else
			p = put_spec(out, p + 1, args, number);
	}
	*number = *number && parts == 1;
	return p;
}

static bool needs_quotes(struct buf *value)
{
	const uint8_t *p = buf_data(value);
	for (size_t i = 0; i < buf_len(value); i++)
		if (p[i] <= ' ' || p[i] >= 0x7f || p[i] == '"' || p[i] == '=')
			return true;
	return buf_len(value) == 0;
}

/* The members of one line, in either form. */
struct line {
	struct buf text;
	struct json json;
	bool is_json;
};

static void put_member(struct line *line, const char *key, struct buf *value, bool number)
{
	if (line->is_json) {
		if (number)
			json_raw(&line->json, key, (const char *)buf_data(value), buf_len(value));
		else
			json_strn(&line->json, key, (const char *)buf_data(value), buf_len(value));
		return;
	}
	buf_printf(&line->text, " %s=", key);
	if (needs_quotes(value)) {
		struct json quoted = json_into(&line->text, false);
		json_strn(&quoted, NULL, (const char *)buf_data(value), buf_len(value));
	} else {
		buf_put(&line->text, buf_data(value), buf_len(value));
	}
}

static void put_members(struct line *line, const char *p, va_list *args)
{
	struct buf value = BUF_INIT;
	while (*p) {
		char key[64];
		size_t len = strcspn(p, "=");
		assert(len < sizeof(key) && p[len] == '=');
		memcpy(key, p, len);
		key[len] = 0;
		bool number;
		p = put_value(&value, p + len + 1, args, &number);
		put_member(line, key, &value, number);
		buf_take(&value, buf_len(&value));
		p += *p == ' ';
	}
	buf_fini(&value);
}

/* The journal has times and priorities of its own, and takes the priority from the line. */
static void put_priority(struct buf *text, enum log_level level)
{
	if (atomic_load(&log_to_journal))
		buf_printf(text, "<%d>", priorities[level]);
}

static void put_head(struct line *line, enum log_level level, const char *event)
{
	struct timespec now;
	char seconds[32], stamp[40];
	bool timed = !atomic_load(&log_to_journal);
	clock_gettime(CLOCK_REALTIME, &now);
	text_time((uint64_t)now.tv_sec * 1000, seconds);
	snprintf(stamp, sizeof(stamp), "%.19s.%03dZ", seconds, (int)(now.tv_nsec / 1000000));
	put_priority(&line->text, level);
	if (!line->is_json) {
		buf_printf(&line->text, "%s%s%s %s", timed ? stamp : "", timed ? " " : "",
			   level_names[level], event);
		return;
	}
	line->json = json_into(&line->text, false);
	json_open(&line->json, NULL, '{');
	if (timed)
		json_str(&line->json, "time", stamp);
	json_str(&line->json, "level", level_names[level]);
	json_str(&line->json, "event", event);
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
	if ((int)level < atomic_load_explicit(&log_least, memory_order_relaxed))
		return;
	struct line line = {.text = BUF_INIT, .is_json = atomic_load(&log_form) == LOG_JSON};
	put_head(&line, level, event);
	va_list args;
	va_start(args, format);
	if (format)
		put_members(&line, format, &args);
	va_end(args);
	if (line.is_json)
		json_close(&line.json);
	put_line(&line.text);
}

/* A line of one key; value is used up. */
static struct buf compose(bool is_json, enum log_level level, const char *event, const char *key,
			  struct buf *value, bool number)
{
	struct line line = {.text = BUF_INIT, .is_json = is_json};
	put_head(&line, level, event);
	put_member(&line, key, value, number);
	if (is_json)
		json_close(&line.json);
	buf_fini(value);
	return line.text;
}

static size_t say_lost(uint64_t lines, char *out, size_t size)
{
	struct buf value = BUF_INIT;
	buf_printf(&value, "%" PRIu64, lines);
	struct buf line = compose(atomic_load(&log_form) == LOG_JSON, LOG_WARN, "log_lost", "lines",
				  &value, true);
	int len = snprintf(out, size, "%s\n", buf_str(&line));
	buf_fini(&line);
	return (size_t)len;
}

int log_start(void)
{
	return log_writer_start(say_lost);
}

void log_stop(void)
{
	log_writer_stop();
}

#ifdef __GLIBC__
/* What a failed assert() calls; the C library's own waits for stderr's reader. */
void __assert_fail(const char *what, const char *file, unsigned line, const char *function)
{
	char text[1024];
	snprintf(text, sizeof(text), "%s: %s:%u: %s: Assertion `%.512s' failed.\n",
		 atomic_load(&log_program), file, line, function, what);
	log_writer_die(text);
}
#endif

static _Thread_local struct buf *said;

void log_say_into(struct buf *text)
{
	said = text;
}

void log_say(const char *format, ...)
{
	struct buf text = BUF_INIT, line = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vprintf(said ? said : &text, format, args);
	va_end(args);
	if (said) {
		buf_puts(said, "\n");
		return;
	}
	if (atomic_load(&log_form) == LOG_JSON) {
		line = compose(true, LOG_ERROR, "said", "text", &text, false);
		put_line(&line);
		return;
	}
	put_priority(&line, LOG_ERROR);
	buf_printf(&line, "%s: ", atomic_load(&log_program));
	for (size_t i = 0; i < buf_len(&text); i++) {
		uint8_t c = buf_data(&text)[i],
			next = i + 1 < buf_len(&text) ? buf_data(&text)[i + 1] : 0;
		if (c < 0x20 || c == 0x7f)
			buf_printf(&line, "\\x%02x", c);
		else if (c == 0xc2 && next >= 0x80 && next < 0xa0) /* a C1 in UTF-8 */
			buf_printf(&line, "\\x%02x\\x%02x", c, buf_data(&text)[++i]);
		else
			buf_put(&line, &c, 1);
	}
	buf_fini(&text);
	put_line(&line);
}
