/*
 * Rows of texts for a person, each column as wide as its widest, and the widest ones narrower where
 * the page is: then a cell goes on in the line below. Whatever came from afar is written as
 * text_page.h says. Embedded; gone once it is written.
 */
#ifndef GROUNDNUT_BASE_TEXT_TABLE_H
#define GROUNDNUT_BASE_TEXT_TABLE_H

#include "shared/base/text_page.h"

struct text_table {
	const char *columns;           /* one letter each: l or r, the side its texts stand on */
	struct text_table_cell *cells; /* owned */
	size_t count;                  /* of cells */
	struct text_table_note *notes; /* owned, by row */
	size_t note_count;
};
#define TEXT_TABLE_INIT(columns)                                                                   \
	{                                                                                          \
		(columns), NULL, 0, NULL, 0                                                        \
	}

/* the next one; "-" for NULL and "", so that no column is ever empty */
void text_table_cell(struct text_table *t, const char *text);
/* paints the cell that was added last */
void text_table_paint(struct text_table *t, enum text_page_paint paint);
void text_table_row(struct text_table *t, ...); /* const char *, as many as there are columns */
/* an indented line below the row whose cells were added last */
void text_table_note(struct text_table *t, enum text_page_paint paint, const char *text);
void text_table_write(struct text_table *t, size_t indent, struct text_page *page);

#endif
