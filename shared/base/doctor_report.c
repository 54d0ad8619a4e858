#include "shared/base/doctor_report.h"

#include "shared/base/cli.h"
#include "shared/base/err.h"
#include "shared/base/json.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/terminal_text.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HANG = 23 };

static const struct {
	const char *word;
	enum terminal_text_paint paint;
} verdicts[] = {
    [DOCTOR_OK] = {"ok", TEXT_GREEN},
    [DOCTOR_ADVICE] = {"advice", TEXT_PLAIN},
    [DOCTOR_UNKNOWN] = {"unknown", TEXT_PLAIN},
    [DOCTOR_WRONG] = {"wrong", TEXT_RED},
};

void doctor_report_init(struct doctor_report *r, bool json)
{
	*r = (struct doctor_report){.out = BUF_INIT, .json = json};
}

static void put_item(struct doctor_report *r, enum doctor_verdict verdict, const char *topic,
		     const char *said)
{
	struct json w = json_into(&r->out, false);
	buf_puts(&r->out, buf_len(&r->out) ? ",\n  " : "\n  ");
	json_open(&w, NULL, '{');
	json_str(&w, "topic", topic);
	json_str(&w, "verdict", verdicts[verdict].word);
	json_str(&w, "said", said);
	json_close(&w);
}

static void put_line(struct doctor_report *r, enum doctor_verdict verdict, const char *topic,
		     const char *said)
{
	struct terminal_text page;
	terminal_text_init(&page, &r->out, STDOUT_FILENO);
	char *line = mem_printf("%-8s %-13s %s", verdicts[verdict].word, topic, said);
	terminal_text_put(&page, 0, HANG, verdicts[verdict].paint, line);
	mem_free(line);
}

void doctor_report_add(struct doctor_report *r, enum doctor_verdict verdict, const char *topic,
		       const char *format, ...)
{
	struct buf said = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vprintf(&said, format, args);
	va_end(args);
	r->wrong |= verdict == DOCTOR_WRONG;
	(r->json ? put_item : put_line)(r, verdict, topic, buf_str(&said));
	buf_fini(&said);
}

void doctor_report_listen(struct doctor_report *r)
{
	log_say_into(&r->said);
}

void doctor_report_heard(struct doctor_report *r, enum doctor_verdict verdict, const char *topic,
			 const char *otherwise)
{
	const char *line = buf_str(&r->said);
	log_say_into(NULL);
	if (!*line)
		doctor_report_add(r, DOCTOR_OK, topic, "%s", otherwise);
	for (size_t len; *line; line += len + (line[len] != '\0')) {
		len = strcspn(line, "\n");
		doctor_report_add(r, verdict, topic, "%.*s", (int)len, line);
	}
	buf_fini(&r->said);
}

/* Says it in words that have the cure; the others are in what log_say() has said. */
static bool explain_absence(struct doctor_report *r, const char *file, int err, const char *writer)
{
	if (err == -ENOENT)
		doctor_report_add(r, DOCTOR_WRONG, "configuration",
				  "%s is not there: `%s` writes it", file, writer);
	else if (err == -EACCES)
		doctor_report_add(r, DOCTOR_WRONG, "configuration",
				  "%s: this user may not read it: the same command with sudo",
				  file);
	return err == -ENOENT || err == -EACCES;
}

void doctor_report_configuration(struct doctor_report *r, const char *file, int err,
				 const char *writer)
{
	char *otherwise = mem_printf("%s is in order", file);
	if (explain_absence(r, file, err, writer)) {
		log_say_into(NULL);
		buf_fini(&r->said);
	} else {
		if (err && !buf_len(&r->said))
			log_say("%s: %s", file, err_text(err));
		doctor_report_heard(r, err ? DOCTOR_WRONG : DOCTOR_ADVICE, "configuration",
				    otherwise);
	}
	mem_free(otherwise);
}

int doctor_report_end(struct doctor_report *r)
{
	printf(r->json ? "[%s\n]\n" : "%s", buf_str(&r->out));
	buf_fini(&r->out);
	return r->wrong ? EXIT_WORK : 0;
}

void doctor_report_descriptors(struct doctor_report *r, unsigned wanted)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		doctor_report_add(r, DOCTOR_UNKNOWN, "descriptors", "this system does not say");
	else if (limit.rlim_max < wanted)
		doctor_report_add(r, DOCTOR_ADVICE, "descriptors",
				  "a program started here may open %llu at most, and each visitor "
				  "takes one: `ulimit -Hn %u` (the systemd units have more)",
				  (unsigned long long)limit.rlim_max, wanted);
	else
		doctor_report_add(r, DOCTOR_OK, "descriptors", "%llu may be open at once",
				  (unsigned long long)limit.rlim_max);
}

void doctor_report_congestion(struct doctor_report *r, const char *in_force, const char *wanted)
{
	if (!*in_force)
		doctor_report_add(r, DOCTOR_UNKNOWN, "congestion", "this system does not say");
	else if (strcmp(in_force, "bbr") == 0)
		doctor_report_add(r, DOCTOR_OK, "congestion", "bbr");
	else if (wanted && strcmp(wanted, "bbr") != 0)
		doctor_report_add(
		    r, DOCTOR_ADVICE, "congestion",
		    "%s, by \"congestion\": \"%s\" in the file; bbr is faster on long "
		    "or lossy paths: take the key away",
		    in_force, wanted);
	else
		doctor_report_add(r, DOCTOR_ADVICE, "congestion",
				  "%s; bbr is faster on long or lossy paths: sudo modprobe tcp_bbr",
				  in_force);
}

static bool find_public_ipv6(struct addr *out)
{
	struct ifaddrs *list = NULL;
	bool found = false;
	if (getifaddrs(&list) != 0)
		return false;
	for (const struct ifaddrs *i = list; i && !found; i = i->ifa_next)
		found = i->ifa_addr && addr_from_sockaddr(out, i->ifa_addr) && out->family == 6 &&
			addr_is_public(out);
	freeifaddrs(list);
	return found;
}

/* Connecting UDP sends nothing: the kernel looks for a route, and chooses the own address. */
static bool has_route(const struct addr *to, struct addr *own)
{
	struct sockaddr_storage there, here;
	socklen_t len = addr_to_sockaddr(to, &there), here_len = sizeof here;
	struct addr chosen;
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	bool routed = fd >= 0 && connect(fd, (struct sockaddr *)&there, len) == 0;
	if (routed && getsockname(fd, (struct sockaddr *)&here, &here_len) == 0 &&
	    addr_from_sockaddr(&chosen, (struct sockaddr *)&here) && addr_is_public(&chosen))
		*own = chosen;
	if (fd >= 0)
		close(fd);
	return routed;
}

enum doctor_ipv6 doctor_report_find_ipv6(struct addr *own)
{
	struct addr anybody;
	addr_parse("[2000::1]:53", &anybody);
	if (!find_public_ipv6(own))
		return DOCTOR_IPV6_NONE;
	return has_route(&anybody, own) ? DOCTOR_IPV6_GOOD : DOCTOR_IPV6_NO_ROUTE;
}
