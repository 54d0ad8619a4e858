#include "shared/base/text_table.h"

#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <stdarg.h>
#include <string.h>

enum { GAP = 2 };

void text_table_cell(struct text_table *t, const char *text)
{
	t->cells = mem_resize(t->cells, (t->count + 1) * sizeof *t->cells);
	t->cells[t->count++] = text_harmless(text && *text ? text : "-");
}

void text_table_row(struct text_table *t, ...)
{
	va_list args;
	va_start(args, t);
	for (size_t i = 0; i < strlen(t->columns); i++)
		text_table_cell(t, va_arg(args, const char *));
	va_end(args);
}

static size_t widest(const struct text_table *t, size_t column)
{
	size_t most = 0, columns = strlen(t->columns);
	for (size_t i = column; i < t->count; i += columns)
		if (text_width(t->cells[i]) > most)
			most = text_width(t->cells[i]);
	return most;
}

static void put_spaces(struct buf *out, size_t n)
{
	buf_printf(out, "%*s", (int)n, "");
}

void text_table_write(struct text_table *t, const char *indent, struct buf *out)
{
	size_t columns = strlen(t->columns);
	size_t *widths = mem_zalloc(columns * sizeof *widths);
	for (size_t c = 0; c < columns; c++)
		widths[c] = widest(t, c);
	for (size_t i = 0; i < t->count; i++) {
		size_t c = i % columns, pad = widths[c] - text_width(t->cells[i]);
		bool last = c + 1 == columns, right = t->columns[c] == 'r';
		if (c == 0)
			buf_puts(out, indent);
		put_spaces(out, right ? pad : 0);
		buf_puts(out, t->cells[i]);
		put_spaces(out, last ? 0 : GAP + (right ? 0 : pad));
		buf_puts(out, last ? "\n" : "");
		mem_free(t->cells[i]);
	}
	mem_free(widths);
	mem_free(t->cells);
	t->cells = NULL;
	t->count = 0;
}
