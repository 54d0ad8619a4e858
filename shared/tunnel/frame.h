/*
 * Frames: what the bytes between agent and relay are cut into. PROTOCOL.md is the wire's truth;
 * this file is its header, eight bytes in network order: u32 stream, u8 kind, u24 length of the
 * payload.
 */
#ifndef GROUNDNUT_TUNNEL_FRAME_H
#define GROUNDNUT_TUNNEL_FRAME_H

#include "shared/base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FRAME_HEADER = 8,
	FRAME_DATA_MAX = 64 * 1024,
	FRAME_HELLO_MAX = 4 * 1024,
	FRAME_DECLARE_MAX = 1024 * 1024,
	FRAME_DATAGRAM_MAX = 65507, /* the largest UDP payload over IPv4 */
	FRAME_UNKNOWN_MAX = 64 * 1024,
	FRAME_REPORT_MAX = 64 * 1024,
	FRAME_PROBE_MAX = 1024,
	FRAME_OPEN_MIN = 8 + 2 * (1 + 4 + 2),
	FRAME_NAME_MAX = 253, /* a DNS name as text */
	FRAME_OPEN_MAX = 8 + 2 * (1 + 16 + 2) + FRAME_NAME_MAX,
};

/* X(NAME, number, least, most): least and most bound the payload. */
#define FRAME_MAP(X)                                                                               \
	X(HELLO, 1, 2, FRAME_HELLO_MAX)                                                            \
	X(WELCOME, 2, 2, FRAME_HELLO_MAX)                                                          \
	X(REFUSE, 3, 2, FRAME_HELLO_MAX)                                                           \
	X(PING, 4, 8, 8)                                                                           \
	X(PONG, 5, 8, 8)                                                                           \
	X(ACK, 6, 8, 8)                                                                            \
	X(BYE, 7, 0, 255)                                                                          \
	X(DATAGRAM, 8, 0, FRAME_DATAGRAM_MAX)                                                      \
	X(DECLARE, 64, 2, FRAME_DECLARE_MAX)                                                       \
	X(STATE, 65, 2, FRAME_DECLARE_MAX)                                                         \
	X(OPEN, 66, FRAME_OPEN_MIN, FRAME_OPEN_MAX)                                                \
	X(DATA, 67, 1, FRAME_DATA_MAX)                                                             \
	X(FIN, 68, 0, 0)                                                                           \
	X(RESET, 69, 4, 4)                                                                         \
	X(CREDIT, 70, 4, 4)                                                                        \
	X(RETURN, 71, 4, 4)                                                                        \
	X(BLOCKED, 72, 0, 0)                                                                       \
	X(REPORT, 192, 2, FRAME_REPORT_MAX)                                                        \
	X(PROBE, 193, 2, FRAME_PROBE_MAX)                                                          \
	X(DRAW, 194, 4, 4)

enum frame_kind {
#define FRAME_ENUM(name, number, least, most) FRAME_##name = number,
	FRAME_MAP(FRAME_ENUM)
#undef FRAME_ENUM
	/* Kinds from here on are skipped by an end that does not know them. */
	FRAME_LINK_LATER = 128,    /* 128 to 191: not counted */
	FRAME_SESSION_LATER = 192, /* 192 to 255: counted as session frames */
};

struct frame {
	uint32_t stream;
	uint8_t kind;
	uint32_t len;
};

void frame_write(uint8_t out[FRAME_HEADER], uint32_t stream, uint8_t kind, uint32_t len);
bool frame_is_known(uint8_t kind);
/* 0; ERR_PROTOCOL for an unknown kind below 128, ERR_TOO_BIG for a length its kind does not have.
 * *out is filled in any case. */
int frame_read(const uint8_t in[FRAME_HEADER], struct frame *out);
const char *frame_kind_text(uint8_t kind); /* "HELLO" …; "later" and "unknown" for the others */

/* Whether the frame is one of the session's numbered ones (kept, replayed) rather than the
 * link's. */
static inline bool frame_is_session(uint8_t kind)
{
	return (kind >= 64 && kind < 128) || kind >= FRAME_SESSION_LATER;
}

/* OPEN's payload. */
struct open_info {
	uint32_t mapping;    /* id in the agent's DECLARE */
	uint32_t credit;     /* bytes the acceptor may send at once */
	struct addr visitor; /* who came */
	struct addr visited; /* the relay's address and port that was addressed */
	/* the name that was asked for, printable, of name_len bytes; a stream's own has a NUL
	 * behind it */
	const char *name;
	size_t name_len; /* 0: none was, or the agent does not need it */
};
size_t open_write(uint8_t out[FRAME_OPEN_MAX], const struct open_info *o); /* returns its length */
/* 0 or ERR_PROTOCOL; name points into p */
int open_read(const uint8_t *p, size_t len, struct open_info *o);

/* Codes of RESET. */
#define RESET_MAP(X)                                                                               \
	X(ABORTED, 0, "reset")                                                                     \
	X(REFUSED, 1, "the service refused the connection")                                        \
	X(UNREACHABLE, 2, "the service could not be reached")                                      \
	X(NO_MAPPING, 3, "no such mapping")                                                        \
	X(NO_ROOM, 4, "no room")                                                                   \
	X(GRACE_OVER, 5, "the home did not come back")                                             \
	X(MAPPING_GONE, 6, "the mapping was removed")                                              \
	X(IDLE, 7, "idle for too long")
enum reset_code {
#define RESET_ENUM(name, number, text) RESET_##name = number,
	RESET_MAP(RESET_ENUM)
#undef RESET_ENUM
};
const char *reset_text(uint32_t code);

#endif
