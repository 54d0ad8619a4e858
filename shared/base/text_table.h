/*
 * Rows of texts for a person, each column as wide as its widest. Whatever came from afar is written
 * so that it cannot steer a terminal. Embedded; gone once it is written.
 */
#ifndef GROUNDNUT_BASE_TEXT_TABLE_H
#define GROUNDNUT_BASE_TEXT_TABLE_H

#include "shared/base/buf.h"

struct text_table {
	const char *columns; /* one letter each: l or r, the side its texts stand on */
	char **cells;        /* owned, and each of them */
	size_t count;        /* of cells */
};
#define TEXT_TABLE_INIT(columns)                                                                   \
	{                                                                                          \
		(columns), NULL, 0                                                                 \
	}

/* the next one; "-" for NULL and "", so that no column is ever empty */
void text_table_cell(struct text_table *t, const char *text);
void text_table_row(struct text_table *t, ...); /* const char *, as many as there are columns */
void text_table_write(struct text_table *t, const char *indent, struct buf *out);

#endif
