/* All mappings of one agent, as its file or a DECLARE lists them. */
#ifndef GROUNDNUT_TUNNEL_MAPPING_LIST_H
#define GROUNDNUT_TUNNEL_MAPPING_LIST_H

#include "shared/tunnel/mapping.h"

enum { MAPPING_MAX = 1024 };

struct mapping_list {
	struct mapping *items; /* owned */
	size_t count;
};

/* Doubled names, hosts and ids, public ports that overlap within one protocol, and more than a
 * DECLARE can carry are errors; on the wire a host or port that an earlier mapping has is told in
 * unknown. False: *out is empty. An absent list is empty and true. */
bool mapping_list_read(struct conf_at list, bool on_wire, struct mapping_list *out);
void mapping_list_fini(struct mapping_list *l);

#endif
