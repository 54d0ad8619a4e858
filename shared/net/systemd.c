#include "shared/net/systemd.h"

#include "shared/base/mem.h"
#include "shared/net/socket.h"
#include "shared/net/timer.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool is_ready;     /* READY=1 has been said */
static bool is_reloading; /* and RELOADING=1 after it */

/* Opened by the first message and kept: a service that has run out of descriptors is still to feed
 * its watchdog. */
static int notify_fd = -1;

/* Failing is no error: the service works the same without a manager that listens. */
static void say(const char *text)
{
	struct sockaddr_un to;
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;

	if (len < 2 || socket_unix_address(path, &to) != 0)
		return;
	if (path[0] == '@') /* the abstract names */
		to.sun_path[0] = '\0';
	if (notify_fd < 0)
		notify_fd = socket_open(AF_UNIX, SOCK_DGRAM);
	if (notify_fd < 0)
		return;
	sendto(notify_fd, text, strlen(text), SOCKET_SEND, (struct sockaddr *)&to,
	       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

static void say_with_status(const char *head, const char *status)
{
	char *text = mem_printf("%sSTATUS=%s\n", head, status);

	/* A line end would begin an assignment of its own. */
	for (char *c = text + strlen(head); *c; c++)
		if (*c == '\n' && c[1])
			*c = ' ';
	say(text);
	mem_free(text);
}

void systemd_ready(const char *status)
{
	say_with_status(is_ready ? "" : "READY=1\n", status);
	is_ready = true;
}

void systemd_reloading(void)
{
	struct timespec now;
	char text[80];

	if (!is_ready)
		return;
	is_reloading = true;
	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\n",
		 (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	say(text);
}

void systemd_reloaded(void)
{
	if (is_reloading)
		say("READY=1\n");
	is_reloading = false;
}

void systemd_stopping(void)
{
	say("STOPPING=1\n");
}

void systemd_status(const char *status)
{
	say_with_status("", status);
}

static void on_watchdog(void *owner)
{
	(void)owner;
	say("WATCHDOG=1\n");
}

struct timer *systemd_watchdog(struct loop *l)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t every_ms = usec ? strtoull(usec, NULL, 10) / 2000 : 0;
	struct timer *t;

	if (every_ms == 0 || !getenv("NOTIFY_SOCKET") ||
	    (pid && strtol(pid, NULL, 10) != (long)getpid()))
		return NULL;
	t = timer_new(l, on_watchdog, NULL);
	timer_set_every(t, every_ms);
	return t;
}
