/* Questions of the commands to the running relay, over its control socket, and what its answers mean. */
#ifndef GROUNDNUT_RELAY_ASK_H
#define GROUNDNUT_RELAY_ASK_H

enum ask_result {
	ASK_DONE,              /* the relay did it */
	ASK_REFUSED,           /* it answered why not */
	ASK_NOBODY,            /* no relay is running */
	ASK_FAILED             /* it could not be asked, or answered nonsense */
};

struct ask {
	enum ask_result result;
	char *said;            /* one sentence: "said" of what was done (may be NULL), or why it was not */
	char *status;          /* the "status" object as indented JSON, or NULL */
};

/* {"do": what} to the relay behind the socket control; waits for its answer, 5 s at most. */
void ask_relay(const char *control, const char *what, struct ask *out);
void ask_fini(struct ask *a);

#endif
