#include "shared/base/doctor_report.h"

#include "shared/base/cli.h"
#include "shared/base/json.h"
#include "shared/base/mem.h"
#include "shared/base/terminal_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
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
	char said[2048];
	va_list args;
	va_start(args, format);
	vsnprintf(said, sizeof said, format, args);
	va_end(args);
	r->wrong |= verdict == DOCTOR_WRONG;
	(r->json ? put_item : put_line)(r, verdict, topic, said);
}

void doctor_report_configuration(struct doctor_report *r, const char *file, int err)
{
	if (err)
		doctor_report_add(r, DOCTOR_WRONG, "configuration",
				  "%s cannot be used; the reason is above", file);
	else
		doctor_report_add(r, DOCTOR_OK, "configuration", "%s is in order", file);
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

void doctor_report_congestion(struct doctor_report *r, const char *in_force)
{
	if (!*in_force)
		doctor_report_add(r, DOCTOR_UNKNOWN, "congestion", "this system does not say");
	else if (strcmp(in_force, "bbr") == 0)
		doctor_report_add(r, DOCTOR_OK, "congestion", "bbr");
	else
		doctor_report_add(r, DOCTOR_ADVICE, "congestion",
				  "%s; bbr is faster on long or lossy paths: sudo modprobe tcp_bbr",
				  in_force);
}
