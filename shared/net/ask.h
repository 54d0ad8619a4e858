/* Questions of the commands to the program that runs, over its control socket (control.h), and what
 * its answers mean. */
#ifndef GROUNDNUT_NET_ASK_H
#define GROUNDNUT_NET_ASK_H

#include "shared/base/buf.h"

#include <stdbool.h>

enum ask_result {
	ASK_DONE,    /* it did it */
	ASK_REFUSED, /* it answered why not */
	ASK_NOBODY,  /* it does not run */
	ASK_FAILED   /* it could not be asked, or answered nonsense */
};

struct ask {
	enum ask_result result;
	/* one sentence: "said" of what was done (may be NULL), or why it was not */
	char *said;
	char *answer; /* the whole of it, when done */
};

enum { ASK_MS = 5000 }; /* time enough for what is answered at once */

/* who: "relay" or "agent", for the sentences. request: JSON in a line. */
void ask_program(const char *who, const char *control, const char *request, unsigned timeout_ms,
		 struct ask *out);
void ask_fini(struct ask *a);

/* The `status` command: prints the answer's "status" object, as JSON or as render writes it; an
 * exit code, after saying why not. */
typedef void ask_render_fn(const char *json, struct buf *out);
int ask_print_status(const char *who, const char *control, bool as_json, ask_render_fn *render);

#endif
