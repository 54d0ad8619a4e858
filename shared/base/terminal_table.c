#include "shared/base/terminal_table.h"

#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <stdarg.h>
#include <string.h>

enum { GAP = 2, NOTE_INDENT = 4, NARROWEST = 8 };

struct terminal_table_cell {
	char *text; /* owned */
	enum terminal_text_paint paint;
};

struct terminal_table_note {
	char *text; /* owned */
	enum terminal_text_paint paint;
	size_t below; /* this many cells */
};

void terminal_table_cell(struct terminal_table *t, const char *text)
{
	t->cells = mem_resize(t->cells, (t->count + 1) * sizeof(*t->cells));
	t->cells[t->count++] = (struct terminal_table_cell){
	    terminal_text_shown(text && *text ? text : "-"),
	    TEXT_PLAIN,
	};
}

void terminal_table_paint(struct terminal_table *t, enum terminal_text_paint paint)
{
	t->cells[t->count - 1].paint = paint;
}

void terminal_table_row(struct terminal_table *t, ...)
{
	va_list args;
	va_start(args, t);
	for (size_t i = 0; i < strlen(t->columns); i++)
		terminal_table_cell(t, va_arg(args, const char *));
	va_end(args);
}

void terminal_table_note(struct terminal_table *t, enum terminal_text_paint paint, const char *text)
{
	t->notes = mem_resize(t->notes, (t->note_count + 1) * sizeof(*t->notes));
	t->notes[t->note_count++] = (struct terminal_table_note){mem_strdup(text), paint, t->count};
}

/* Measures the columns. Returns the sum of their widths with the gaps. */
static size_t measure(const struct terminal_table *t, size_t *widths, size_t columns)
{
	size_t sum = GAP * (columns - 1);
	for (size_t i = 0; i < t->count; i++) {
		size_t width = text_width(t->cells[i].text);
		if (width > widths[i % columns])
			widths[i % columns] = width;
	}
	for (size_t c = 0; c < columns; c++)
		sum += widths[c];
	return sum;
}

/* Narrows the table by taking one character after the other from the column that is widest. */
static void narrow(const struct terminal_table *t, size_t *widths, size_t columns, size_t too_wide)
{
	for (; too_wide; too_wide--) {
		size_t widest = columns;
		for (size_t c = 0; c < columns; c++)
			if (t->columns[c] == 'l' && widths[c] > NARROWEST &&
			    (widest == columns || widths[c] > widths[widest]))
				widest = c;
		if (widest == columns)
			return;
		widths[widest]--;
	}
}

/* Writes as much of each cell as fits into its column, and moves it on; false: all is written. */
static bool put_line(struct terminal_table_cell *row, const char **rest,
		     const struct terminal_table *t, const size_t *widths, size_t indent,
		     struct terminal_text *page)
{
	size_t gap = indent;
	bool more = false;
	for (size_t c = 0; t->columns[c]; c++) {
		size_t len = terminal_text_break(rest[c], widths[c]);
		char *part = mem_printf("%.*s", (int)len, rest[c]);
		size_t width = text_width(part);
		size_t pad = widths[c] > width ? widths[c] - width : 0;
		bool right = t->columns[c] == 'r';
		/* the gap is written when a text follows: no line ends with spaces */
		if (len) {
			terminal_text_spaces(page, gap + (right ? pad : 0));
			terminal_text_painted(page, row[c].paint, part, len);
			gap = right ? GAP : GAP + pad;
		} else {
			gap += widths[c] + GAP;
		}
		rest[c] += len;
		rest[c] += strspn(rest[c], " ");
		more |= *rest[c] != '\0';
		mem_free(part);
	}
	buf_puts(page->out, "\n");
	return more;
}

static void put_row(const struct terminal_table *t, size_t first, const size_t *widths,
		    size_t indent, struct terminal_text *page)
{
	size_t columns = strlen(t->columns);
	const char **rest = mem_zalloc(columns * sizeof(*rest));
	for (size_t c = 0; c < columns; c++)
		rest[c] = t->cells[first + c].text;
	while (put_line(t->cells + first, rest, t, widths, indent, page))
		;
	mem_free(rest);
}

static void clear(struct terminal_table *t)
{
	for (size_t i = 0; i < t->count; i++)
		mem_free(t->cells[i].text);
	for (size_t i = 0; i < t->note_count; i++)
		mem_free(t->notes[i].text);
	mem_free(t->cells);
	mem_free(t->notes);
	*t = (struct terminal_table)TERMINAL_TABLE_INIT(t->columns);
}

void terminal_table_write(struct terminal_table *t, size_t indent, struct terminal_text *page)
{
	size_t columns = strlen(t->columns), note = 0;
	size_t *widths = mem_zalloc(columns * sizeof(*widths));
	size_t sum = indent + measure(t, widths, columns);
	narrow(t, widths, columns, sum > page->width ? sum - page->width : 0);
	for (size_t i = 0; i + columns <= t->count; i += columns) {
		put_row(t, i, widths, indent, page);
		for (; note < t->note_count && t->notes[note].below <= i + columns; note++)
			terminal_text_put(page, indent + NOTE_INDENT, indent + NOTE_INDENT + GAP,
					  t->notes[note].paint, t->notes[note].text);
	}
	mem_free(widths);
	clear(t);
}
