/*
 * What a service gives up before it listens, so that bytes of a stranger that should get the better
 * of it get little: another user than root, no new privileges (prctl(2)), no writing but below the
 * given places and no other program (landlock(7)), no system calls but those that a service needs
 * (seccomp(2), the list that the systemd units have).
 *
 * It is entered once, on the main thread, after the configuration is read and before any other
 * thread than the log's writer: Landlock and capabilities are a thread's own, and threads inherit
 * them. What the kernel, the C library or an outer sandbox does not allow is left out and said.
 */
#ifndef GROUNDNUT_NET_SANDBOX_H
#define GROUNDNUT_NET_SANDBOX_H

#include <stdbool.h>

struct sandbox {
	/* When root starts the program it goes on as this user, with its groups, and of root's
	 * rights keeps CAP_NET_BIND_SERVICE. NULL: it stays who it is. */
	const char *user;
	/* Only the user is changed. */
	bool open;
	/* It may look at other programs (port_owner_of_port), which Landlock forbids: files stay
	 * open. */
	bool looks;
	/* It may start other programs. */
	bool executes;
	/* Directories below which files may be written, made, removed; NULL ends the list. One that
	 * is absent is made, 0700, and belongs to the user. */
	const char *const *writable;
};

/* 0, with one line in the log that says what is in force; or a negative errno with *why (freed by
 * the caller): only for a user that cannot be changed to. */
int sandbox_enter(const struct sandbox *s, char **why);

#endif
