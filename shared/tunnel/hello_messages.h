/*
 * The three JSON frames with which a link begins: HELLO (agent → relay), and WELCOME or REFUSE in
 * answer. Unknown keys are ignored. PROTOCOL.md says when each is sent and what its fields mean.
 */
#ifndef GROUNDNUT_TUNNEL_HELLO_MESSAGES_H
#define GROUNDNUT_TUNNEL_HELLO_MESSAGES_H

#include "shared/base/buf.h"
#include "shared/tunnel/capabilities.h"
#include "shared/tunnel/frame.h"

enum { HELLO_VERSION = 1, SESSION_ID = 16, HELLO_NAME = 64, HELLO_TOKEN = 128, HELLO_TEXT = 256 };

struct hello {
	uint32_t version;         /* HELLO_VERSION */
	char program[HELLO_NAME]; /* "groundnut-agent 0.1.0", for the log */
	char account[HELLO_NAME];
	char agent[HELLO_NAME];
	char token[HELLO_TOKEN];
	/* token is a new one, to be taken in exchange for this; or "" */
	char invite[HELLO_TOKEN];
	/* random per process: tells a restarted agent from a redialling one */
	uint64_t instance;
	uint64_t receive_budget; /* as in WELCOME, of the agent */
	/* only asks whether it would be welcome: after WELCOME the link ends, nothing is
	 * attached */
	bool probe;
	struct capabilities can; /* of the agent */
	bool resume;             /* the fields below count */
	uint8_t session[SESSION_ID];
	uint64_t epoch; /* one higher with each HELLO of this session */
	uint64_t taken; /* session frames taken by the agent */
};

struct welcome {
	uint32_t version;
	char program[HELLO_NAME];
	/* the session of HELLO goes on; else session is a new one and both start at 0 */
	bool resumed;
	uint8_t session[SESSION_ID];
	uint64_t taken; /* session frames taken by the relay */
	uint32_t grace_s;
	uint64_t receive_budget; /* of the relay for this session, bytes */
	char address[ADDR_TEXT]; /* the agent's address as the relay sees it */
	struct capabilities can; /* of the relay */
	uint64_t time_ms;        /* the relay's clock, UNIX time; 0: not told */
};

#define REFUSE_MAP(X)                                                                              \
	X(TOKEN, "token", "account and token do not fit")                                          \
	X(VERSION, "version", "this relay speaks another version of the protocol")                 \
	X(NAME_IN_USE, "name_in_use", "another agent of this name is attached")                    \
	X(REPLACED, "replaced", "another process has taken over this agent's name")                \
	X(STALE, "stale", "a newer link of this session is known")                                 \
	X(PROTOCOL, "protocol", "protocol violation inside the session")                           \
	X(BUSY, "busy", "the relay has no room now")                                               \
	X(REMOVED, "removed", "the account was removed")                                           \
	X(STOPPING, "stopping", "the relay is stopping")                                           \
	X(AGENT_REMOVED, "agent_removed", "this agent was removed from the account")               \
	X(CUT, "cut", "the relay's operator cut this agent off")
enum refuse_code {
#define REFUSE_ENUM(name, word, text) REFUSE_##name,
	REFUSE_MAP(REFUSE_ENUM)
#undef REFUSE_ENUM
	    REFUSE_OTHER, /* a code this version does not know */
};

struct refuse {
	enum refuse_code code;
	char reason[HELLO_TEXT]; /* one sentence */
	/* wait that long before the next HELLO; 0: the receiver's own choice */
	uint32_t retry_ms;
};

const char *refuse_code_text(enum refuse_code code);   /* "name_in_use" */
const char *refuse_code_reason(enum refuse_code code); /* the sentence above */

void hello_write(const struct hello *h, struct buf *out); /* each appends the whole frame */
void welcome_write(const struct welcome *w, struct buf *out);
void refuse_write(const struct refuse *r, struct buf *out);
/* … by its parts; reason NULL: the code's own sentence. */
void refuse_put(enum refuse_code code, const char *reason, uint32_t retry_ms, struct buf *out);

int hello_read(const void *json, size_t len, struct hello *out);     /* 0 or ERR_SYNTAX */
int welcome_read(const void *json, size_t len, struct welcome *out); /* 0 or ERR_SYNTAX */
int refuse_read(const void *json, size_t len, struct refuse *out);   /* 0 or ERR_SYNTAX */

#endif
