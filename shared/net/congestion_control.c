#include "shared/net/congestion_control.h"

#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char usual[] = "bbr", system_choice[] = "system";

#ifdef TCP_CONGESTION
static int set(int fd, const char *name)
{
	return setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name)) ? -errno
											  : 0;
}

const char *congestion_control_of(int fd, char out[CONGESTION_CONTROL_NAME])
{
	socklen_t len = CONGESTION_CONTROL_NAME - 1;
	memset(out, 0, CONGESTION_CONTROL_NAME);
	if (getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, out, &len) != 0)
		out[0] = 0;
	return out;
}
#else
static int set(int fd, const char *name)
{
	(void)fd, (void)name;
	return -ENOPROTOOPT;
}

const char *congestion_control_of(int fd, char out[CONGESTION_CONTROL_NAME])
{
	(void)fd;
	out[0] = 0;
	return out;
}
#endif

#ifdef TCP_CC_INFO
bool congestion_control_bbr(int fd, struct bbr_estimate *out)
{
	/* what Linux says of bbr, as far as all its versions say it */
	struct {
		uint32_t rate_low, rate_high, least_rtt_us;
		uint32_t pacing_gain, window_gain; /* of 256; 2.885 times while it starts */
	} said = {0};
	socklen_t len = sizeof said;
	if (!congestion_control_is_bbr(fd) ||
	    getsockopt(fd, IPPROTO_TCP, TCP_CC_INFO, &said, &len) != 0 || len < sizeof said)
		return false;
	uint64_t rate = (uint64_t)said.rate_high << 32 | said.rate_low;
	/* before the first ACK it knows no rate, and its gains mean nothing */
	*out = (struct bbr_estimate){.rate = rate, .starts = !rate || said.pacing_gain > 2 * 256};
	/* while it measures the round trip it does not say whether it had started */
	return !rate || said.window_gain > 256;
}
#else
bool congestion_control_bbr(int fd, struct bbr_estimate *out)
{
	(void)fd, (void)out;
	return false;
}
#endif

/* Whether a socket may have it now. given: what it has by itself. */
static int ask_for(const char *name, char given[CONGESTION_CONTROL_NAME])
{
	int fd = socket_open(AF_INET, SOCK_STREAM);
	if (fd < 0)
		return fd;
	congestion_control_of(fd, given);
	int err = set(fd, name);
	close(fd);
	return err;
}

bool congestion_control_bbr_restart(int fd)
{
	char given[CONGESTION_CONTROL_NAME];
	/* A socket may have from its listener what the process may no longer choose. What it has
	 * already would be kept as it is, so reno comes between, which is in every kernel. */
	return congestion_control_is_bbr(fd) && ask_for(usual, given) == 0 &&
	       set(fd, "reno") == 0 && set(fd, usual) == 0;
}

static bool is_name(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	return len && !text[len] && len < CONGESTION_CONTROL_NAME;
}

char *congestion_control_read(struct conf_at at)
{
	const char *text = NULL;
	if (!conf_opt_str(at, "congestion", &text) || !text)
		return NULL;
	if (!is_name(text))
		conf_error(
		    at, "congestion",
		    "\"%s\" names no congestion control: \"bbr\", \"system\", or another that "
		    "the kernel has",
		    text);
	return mem_strdup(text);
}

void congestion_control_choose(const char *wanted, char out[CONGESTION_CONTROL_NAME])
{
	const char *name = wanted ? wanted : usual;
	char given[CONGESTION_CONTROL_NAME] = "";
	out[0] = 0;
	if (!strcmp(name, system_choice))
		return;
	/* asked once, and not for each socket: as root the kernel looks for a module each time */
	int err = ask_for(name, given);
	if (err == 0)
		snprintf(out, CONGESTION_CONTROL_NAME, "%s", name);
	else
		log_event(wanted ? LOG_WARN : LOG_INFO, "no_congestion_control",
			  "wanted=%s uses=%s why=%s cure=%s", name, given, err_text(err),
			  "load tcp_bbr: modprobe tcp_bbr, and its name in /etc/modules-load.d");
}

void congestion_control_set(int fd, const char *name)
{
	if (*name)
		set(fd, name);
}

bool congestion_control_is_bbr(int fd)
{
	char name[CONGESTION_CONTROL_NAME];
	return strcmp(congestion_control_of(fd, name), "bbr") == 0;
}
