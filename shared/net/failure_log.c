#include "shared/net/failure_log.h"

#include "shared/base/failure_summary.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/timer.h"

enum { SUMMARY_MS = 60000 };

struct failure_log {
	struct failure_summary *summary;
	struct timer *timer;
};

static void say(void *owner, const struct failure_line *l)
{
	(void)owner;
	if (l->network)
		log_warn("failed_often", "event=%s from=%s times=%llu last_why=%s", l->event,
			 l->network, (unsigned long long)l->times, l->why);
	else
		log_warn("failed_often", "event=%s from=elsewhere times=%llu", l->event,
			 (unsigned long long)l->times);
}

static void on_minute(void *owner)
{
	struct failure_log *f = owner;
	failure_summary_say(f->summary, say, NULL);
}

struct failure_log *failure_log_new(struct loop *l)
{
	struct failure_log *f = mem_zalloc(sizeof *f);
	f->summary = failure_summary_new();
	f->timer = timer_new(l, on_minute, f);
	return f;
}

void failure_log_close(struct failure_log *f)
{
	if (!f)
		return;
	on_minute(f);
	failure_summary_free(f->summary);
	timer_close(f->timer);
	mem_free(f);
}

bool failure_log_count(struct failure_log *f, const char *event, const struct addr *from,
		       const char *why)
{
	if (!timer_is_set(f->timer))
		timer_set(f->timer, SUMMARY_MS);
	return failure_summary_count(f->summary, event, from, why);
}
