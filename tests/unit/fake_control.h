/* A control socket that gives every question one answer, from a thread. */
#ifndef GROUNDNUT_TESTS_UNIT_FAKE_CONTROL_H
#define GROUNDNUT_TESTS_UNIT_FAKE_CONTROL_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct fake_control {
	int listener;
	pthread_t thread;
	const char *answer;
	char asked[256]; /* the last question, after fake_control_stop() */
};

static inline void *fake_control_main(void *arg)
{
	struct fake_control *f = arg;
	for (int fd; (fd = accept(f->listener, NULL, NULL)) >= 0; close(fd)) {
		size_t len = 0;
		ssize_t n;
		while (len < sizeof(f->asked) - 1 && !memchr(f->asked, '\n', len) &&
		       (n = recv(fd, f->asked + len, sizeof(f->asked) - 1 - len, 0)) > 0)
			len += (size_t)n;
		f->asked[len] = '\0';
		send(fd, f->answer, strlen(f->answer), MSG_NOSIGNAL);
		send(fd, "\n", 1, MSG_NOSIGNAL);
	}
	return NULL;
}

static inline void fake_control_start(struct fake_control *f, const char *path, const char *answer)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	memcpy(a.sun_path, path, strnlen(path, sizeof(a.sun_path) - 1));
	f->answer = answer;
	f->asked[0] = '\0';
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(f->listener, (struct sockaddr *)&a, sizeof(a)) || listen(f->listener, 4) ||
	    pthread_create(&f->thread, NULL, fake_control_main, f))
		abort();
}

/* The socket's file stays behind, stale. */
static inline void fake_control_stop(struct fake_control *f)
{
	shutdown(f->listener, SHUT_RDWR);
	pthread_join(f->thread, NULL);
	close(f->listener);
}

#endif
