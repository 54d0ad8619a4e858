/* Questions of the commands to the running program over its control socket (control_server.h), and
 * what its answers mean. */
#ifndef GROUNDNUT_NET_CONTROL_CLIENT_H
#define GROUNDNUT_NET_CONTROL_CLIENT_H

#include "shared/base/buf.h"

#include <stdbool.h>

enum control_client_result {
	CONTROL_CLIENT_DONE,    /* it did it */
	CONTROL_CLIENT_REFUSED, /* it answered why not */
	CONTROL_CLIENT_NOBODY,  /* it does not run */
	CONTROL_CLIENT_FAILED   /* it could not be asked, or answered nonsense */
};

struct control_client {
	enum control_client_result result;
	/* one sentence: "said" of what was done (may be NULL), or why it was not */
	char *said;
	char *answer; /* the whole of it, when done */
};

enum { CONTROL_CLIENT_MS = 5000 }; /* time enough for what is answered at once */

/* who: "relay" or "agent", for the sentences. request: JSON in a line. */
void control_client_program(const char *who, const char *control, const char *request,
			    unsigned timeout_ms, struct control_client *out);
void control_client_fini(struct control_client *a);

/* The `status` command: prints the answer's "status" object, as JSON or as render writes it; an
 * exit code, after saying why not. */
typedef void control_client_render_fn(const char *json, struct buf *out);
int control_client_print_status(const char *who, const char *control, bool as_json,
				control_client_render_fn *render);
/* `status --check`: prints and says nothing; 0 only when the program answers and is_up finds its
 * "status" object good. */
typedef bool control_client_is_up_fn(const char *json);
int control_client_check_status(const char *control, control_client_is_up_fn *is_up);

#endif
