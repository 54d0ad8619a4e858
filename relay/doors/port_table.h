/*
 * Which agent holds which public ports, over all loops, and which ports no mapping may have, since
 * the relay itself listens there. A mutex guards it; it is taken when mappings come and go, never
 * on the data path. Ranges of one transport may not overlap.
 */
#ifndef GROUNDNUT_RELAY_DOORS_PORT_TABLE_H
#define GROUNDNUT_RELAY_DOORS_PORT_TABLE_H

#include "shared/base/addr.h"

struct port_table;

enum { PORT_TABLE_KEPT = 64 }; /* ports for each account, whatever others take */

struct port_table *port_table_new(size_t most); /* ports, of all mappings */
void port_table_free(struct port_table *p);
/* The relay's own, in place of those before: no mapping may have one of them from here on. A claim
 * that holds one stays until it is released. */
void port_table_set_own(struct port_table *p, const struct ports_range *own, size_t count);
/* How many accounts there are. Each may take all ports but what is kept for the others. */
void port_table_set_accounts(struct port_table *p, size_t accounts);
/* NULL; or why no mapping may have these, freed by the caller: one is the relay's own. */
char *port_table_why_not(struct port_table *p, enum ports_protocol transport, uint16_t first,
			 uint16_t last);
struct port_wish {
	enum ports_protocol transport;
	uint16_t first, last;
	const char *account, *owner; /* "alice", "alice/nas" */
	size_t most;                 /* that the account may have */
};
/* 0 and held; or negative with *why (freed by the caller); where another holds one of them, with
 * *holder in its place. UV_EMFILE: the account may not have so many. */
int port_table_claim(struct port_table *p, const struct port_wish *w, char **holder, char **why);
void port_table_release(struct port_table *p, enum ports_protocol transport, uint16_t first,
			uint16_t last);

#endif
