/*
 * Rows of texts for a person, each column as wide as its widest, and the widest ones narrower where
 * the page is: then a cell goes on in the line below. Whatever came from afar is written as
 * terminal_text.h says. Embedded; gone once it is written.
 */
#ifndef GROUNDNUT_BASE_TERMINAL_TABLE_H
#define GROUNDNUT_BASE_TERMINAL_TABLE_H

#include "shared/base/terminal_text.h"

struct terminal_table {
	const char *columns; /* one letter each: l or r, the side its texts stand on */
	struct terminal_table_cell *cells; /* owned */
	size_t count;                      /* of cells */
	struct terminal_table_note *notes; /* owned, by row */
	size_t note_count;
};
#define TERMINAL_TABLE_INIT(columns)                                                               \
	{                                                                                          \
		(columns), NULL, 0, NULL, 0                                                        \
	}

/* the next one; "-" for NULL and "", so that no column is ever empty */
void terminal_table_cell(struct terminal_table *t, const char *text);
/* paints the cell that was added last */
void terminal_table_paint(struct terminal_table *t, enum terminal_text_paint paint);
/* const char *, as many as there are columns */
void terminal_table_row(struct terminal_table *t, ...);
/* an indented line below the row whose cells were added last */
void terminal_table_note(struct terminal_table *t, enum terminal_text_paint paint,
			 const char *text);
void terminal_table_write(struct terminal_table *t, size_t indent, struct terminal_text *page);

#endif
