/* The commands ask the running program over its control socket (control_server.h). This says what
 * its answers mean. */
#ifndef GROUNDNUT_NET_CONTROL_CLIENT_H
#define GROUNDNUT_NET_CONTROL_CLIENT_H

enum control_client_result {
	CONTROL_CLIENT_DONE,    /* it did what was asked */
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

#endif
