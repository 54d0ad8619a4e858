/*
 * What an end is able to do beyond the first version of the protocol: the words of "can" in HELLO
 * and WELCOME. What a peer did not name is neither sent to it nor awaited from it.
 */
#ifndef GROUNDNUT_TUNNEL_CAPABILITIES_H
#define GROUNDNUT_TUNNEL_CAPABILITIES_H

#include "shared/base/conf.h"
#include "shared/base/json.h"

#include <stdbool.h>
#include <stdint.h>

enum { CAPABILITIES_WORDS_MOST = 256 }; /* that a peer may name */

#define CAPABILITY_MAP(X)                                                                          \
	X(HOST, "host")             /* the relay tells each mapping's full name in STATE */        \
	X(TIME, "time")             /* the relay tells its clock in WELCOME */                     \
	X(CHALLENGES, "challenges") /* the relay publishes what DECLARE's challenges want */       \
	X(REPORT, "report")         /* the relay takes REPORT */                                   \
	X(PROBE, "probe")           /* the relay takes PROBE and answers it */                     \
	X(INVITE, "invite")         /* the relay takes an invitation in HELLO */                   \
	X(HTTPS_PORT, "https_port") /* the relay opens a port for an https mapping alone */        \
	X(RESERVE, "reserve")       /* it gives and takes a reserve of credit (DRAW) */
enum ability {
#define CAPABILITY_ENUM(name, word) CAPABILITY_##name,
	CAPABILITY_MAP(CAPABILITY_ENUM)
#undef CAPABILITY_ENUM
	    CAPABILITY_COUNT
};

/* A set of them, copied freely. */
struct capabilities {
	uint32_t bits;
};
/* of this version */
#define CAPABILITIES_OURS ((struct capabilities){(1u << CAPABILITY_COUNT) - 1})

bool capabilities_has(struct capabilities a, enum ability which);
void capabilities_write(struct json *w, struct capabilities a); /* the member "can" */
/* Absent: none. Words that this version does not know are passed over. */
void capabilities_read(struct conf_at at, struct capabilities *out);

#endif
