/*
 * The control socket: how `status`, `reload`, `map` and `account` talk to the running program. A
 * UNIX stream socket, 0600 (its directory made 0700), one request a connection: one JSON object on
 * one line, answered by one JSON object on one line.
 *
 *	→ {"do": "status"}
 *	← {"ok": true, "status": {…}}     or   {"ok": false, "error": "one sentence"}
 *
 * What would be too long goes on in another answer: "more" is the question after the items that the
 * last list of the status still lacks.
 *
 * A stale socket file (nobody answers) is replaced; a live one is UV_EADDRINUSE.
 */
#ifndef GROUNDNUT_NET_CONTROL_SERVER_H
#define GROUNDNUT_NET_CONTROL_SERVER_H

#include "shared/base/buf.h"
#include "shared/net/loop.h"

struct control;
struct control_reply; /* an open question; answered once, now or later, on the same loop */

/* request: the line without its LF (at most 64 KiB), valid during the call. */
typedef void control_fn(void *owner, struct control_reply *reply, const char *request, size_t len);

/* NULL and *err: UV_EADDRINUSE when somebody answers at path, UV_EEXIST when what is there is no
 * socket (and stays). */
struct control *control_open(struct loop *l, const char *path, control_fn *fn, void *owner,
			     int *err);
/* Frees reply, so every question is answered, also after control_close(); does nothing more if the
 * asker has gone. */
void control_answer(struct control_reply *reply, const struct buf *json);
/* {"ok": true}, or {"ok": false, "error": …} when error is not NULL. */
void control_answer_plain(struct control_reply *reply, const char *error);
/* {"ok": true, "said": said} */
void control_answer_said(struct control_reply *reply, const char *said);
/* Answers `admin link`. url is taken, and wiped, since it is a secret for ten minutes; NULL: the
 * file, relay.json or agent.json, has no admin. */
void control_answer_link(struct control_reply *reply, char *url, const char *file);
/* open questions are answered by a closed connection; the socket file is removed */
void control_close(struct control *c);

/* The asking side, blocking, for commands: 0 and the answer's text (freed by the caller),
 * UV_ENOENT / UV_ECONNREFUSED when nothing runs, UV_EACCES, UV_ETIMEDOUT. */
int control_ask(const char *path, const char *request, unsigned timeout_ms, char **answer,
		size_t *len);

#endif
