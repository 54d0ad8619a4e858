/*
 * What an end is able to do beyond the first version of the protocol: the words of "can" in HELLO
 * and WELCOME. What a peer did not name is neither sent to it nor awaited from it.
 */
#ifndef GROUNDNUT_TUNNEL_ABILITIES_H
#define GROUNDNUT_TUNNEL_ABILITIES_H

#include "shared/base/conf.h"
#include "shared/base/json.h"

#include <stdbool.h>
#include <stdint.h>

enum { ABILITIES_WORDS_MOST = 256 }; /* that a peer may name */

#define ABILITY_MAP(X)                                                                             \
	X(HOST, "host") /* the relay tells each mapping's full name in STATE */                    \
	X(TIME, "time") /* the relay tells its clock in WELCOME */
enum ability {
#define ABILITY_ENUM(name, word) ABILITY_##name,
	ABILITY_MAP(ABILITY_ENUM)
#undef ABILITY_ENUM
	    ABILITY_COUNT
};

/* A set of them, copied freely. */
struct abilities {
	uint32_t bits;
};
#define ABILITIES_OURS ((struct abilities){(1u << ABILITY_COUNT) - 1}) /* of this version */

bool abilities_has(struct abilities a, enum ability which);
void abilities_write(struct json *w, struct abilities a); /* the member "can" */
/* Absent: none. Words that this version does not know are passed over. */
void abilities_read(struct conf_at at, struct abilities *out);

#endif
