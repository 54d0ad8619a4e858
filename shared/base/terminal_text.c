#include "shared/base/terminal_text.h"

#include "shared/base/date.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 80, WIDTH_MIN = 40, UTC_LEN = 20 /* 2026-11-23T08:00:00Z */ };

static size_t terminal_width(int fd)
{
	struct winsize size;
	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return WIDTH;
	return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
}

void terminal_text_init(struct terminal_text *p, struct buf *out, int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	bool is_terminal = isatty(fd) == 1;
	p->out = out;
	p->width = is_terminal ? terminal_width(fd) : WIDTH;
	p->coloured = is_terminal && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

void terminal_text_spaces(struct terminal_text *p, size_t n)
{
	buf_printf(p->out, "%*s", (int)n, "");
}

void terminal_text_painted(struct terminal_text *p, enum terminal_text_paint paint,
			   const char *text, size_t len)
{
	bool painted = p->coloured && paint != TEXT_PLAIN && len;
	if (painted)
		buf_puts(p->out, paint == TEXT_RED ? "\033[31m" : "\033[32m");
	buf_put(p->out, text, len);
	if (painted)
		buf_puts(p->out, "\033[0m");
}

size_t terminal_text_break(const char *text, size_t width)
{
	size_t used = 0, at = 0, space = 0, mark = 0;
	while (text[at]) {
		size_t bytes, wide = text_character(text + at, &bytes);
		if (at && used + wide > width)
			return text[at] == ' ' ? at : space ? space : mark ? mark : at;
		if (text[at] == ' ')
			space = at;
		used += wide;
		at += bytes;
		if (strchr(".:/,-=", text[at - 1]))
			mark = at;
	}
	return at;
}

/* Writes the local time of the UTC time that text begins with; false: it begins with none. */
static bool put_local(struct buf *out, const char *text)
{
	char utc[UTC_LEN + 1], local[32];
	uint64_t ms;
	struct tm tm;
	text_fit(text, utc, sizeof(utc));
	if (strlen(utc) != UTC_LEN || utc[10] != 'T' || utc[UTC_LEN - 1] != 'Z' ||
	    date_parse(utc, &ms) < 0)
		return false;
	time_t s = (time_t)(ms / 1000);
	if (!localtime_r(&s, &tm) || !strftime(local, sizeof(local), "%Y-%m-%d %H:%M:%S", &tm))
		return false;
	buf_puts(out, local);
	return true;
}

char *terminal_text_shown(const char *text)
{
	struct buf out = BUF_INIT;
	char *harmless = text_harmless(text);
	for (const char *p = harmless; *p;) {
		if (put_local(&out, p))
			p += UTC_LEN;
		else
			buf_put(&out, p++, 1);
	}
	char *shown = mem_strdup(buf_str(&out));
	mem_free(harmless);
	buf_fini(&out);
	return shown;
}

void terminal_text_put(struct terminal_text *p, size_t indent, size_t hang,
		       enum terminal_text_paint paint, const char *text)
{
	char *shown = terminal_text_shown(text), *at = shown;
	do {
		size_t room = p->width > indent ? p->width - indent : 1;
		size_t len = terminal_text_break(at, room);
		terminal_text_spaces(p, indent);
		terminal_text_painted(p, paint, at, len);
		buf_puts(p->out, "\n");
		at += len + strspn(at + len, " ");
		indent = hang;
	} while (*at);
	mem_free(shown);
}
