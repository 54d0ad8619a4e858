/*
 * Knows which agent holds which public ports, over all loops, and which ports no mapping may have,
 * because the relay itself listens there. A mutex guards it; it is taken when mappings come and go,
 * never on the data path. Ranges of one transport do not overlap. Any thread.
 */
#ifndef GROUNDNUT_RELAY_DOORS_PORT_TABLE_H
#define GROUNDNUT_RELAY_DOORS_PORT_TABLE_H

#include "shared/base/addr.h"

struct port_table;

enum { PORT_TABLE_KEPT = 64 }; /* so many ports are kept for each account */

/* most: how many ports all mappings together may have. */
struct port_table *port_table_new(size_t most);
void port_table_free(struct port_table *p);
/* Replaces the relay's own ports: no mapping may claim one of them from now on. A claim that holds
 * one stays until it is released. */
void port_table_set_own(struct port_table *p, const struct ports_range *own, size_t count);
/* Sets the number of accounts. Each may take all ports but those that are kept for the others. */
void port_table_set_accounts(struct port_table *p, size_t accounts);
/* Returns why no mapping may have these ports, because one is the relay's own; the caller frees it.
 * NULL: a mapping may. */
char *port_table_why_not(struct port_table *p, enum ports_protocol transport, uint16_t first,
			 uint16_t last);
struct port_wish {
	enum ports_protocol transport;
	uint16_t first, last;
	const char *account, *owner; /* "alice", "alice/nas" */
	size_t most;                 /* how many ports the account may have */
};
/* Claims ports. 0: they are held. Else negative, and one of two texts is set, which the caller
 * frees: *holder names the owner when another holds one of the ports, or *why says why it failed.
 * UV_EMFILE: the account may not have so many. */
int port_table_claim(struct port_table *p, const struct port_wish *w, char **holder, char **why);
void port_table_release(struct port_table *p, enum ports_protocol transport, uint16_t first,
			uint16_t last);

#endif
