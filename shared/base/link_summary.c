#include "shared/base/link_summary.h"

#include "shared/base/json.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <inttypes.h>

void link_summary_fini(struct link_summary *s)
{
	mem_free(s->lost_why);
	mem_free(s->over_why);
}

static void set_why(char **at, const char *why)
{
	mem_free(*at);
	*at = mem_printf("%.*s", LINK_SUMMARY_WHY, why);
}

void link_summary_lost(struct link_summary *s, uint64_t at_ms, const char *why)
{
	if (s->is_lost)
		return;
	s->is_lost = true;
	s->lost_ms = at_ms;
	s->resumed_ms = 0;
	set_why(&s->lost_why, why);
}

void link_summary_resumed(struct link_summary *s, uint64_t at_ms, uint64_t without_ms,
			  uint64_t sent_again)
{
	link_summary_lost(s, at_ms - without_ms, "another connection came in its place");
	s->is_lost = false;
	s->resumed_ms = at_ms;
	s->without_ms = without_ms;
	s->sent_again = sent_again;
}

void link_summary_over(struct link_summary *s, uint64_t at_ms, const char *why)
{
	link_summary_lost(s, at_ms, why);
	s->is_lost = false;
	s->resumed_ms = 0;
	s->over_ms = at_ms;
	set_why(&s->over_why, why);
}

static double seconds(uint64_t ms)
{
	return (double)ms / 1000;
}

char *link_summary_text(const struct link_summary *s, enum link_summary_state state,
			uint64_t silent_ms, uint64_t left_ms)
{
	char at[32];
	if (state == LINK_SUMMARY_SUSPECT)
		return mem_printf("suspect: silent for %.1f s", seconds(silent_ms));
	if (state == LINK_SUMMARY_DETACHED)
		return mem_printf(
		    "detached: silent for %.1f s, connections are held for another %.0f s",
		    seconds(silent_ms), seconds(left_ms));
	if (state == LINK_SUMMARY_ATTACHED && s->resumed_ms)
		return mem_printf("resumed %s after %.1f s, %" PRIu64 " bytes sent again",
				  text_time(s->resumed_ms, at), seconds(s->without_ms),
				  s->sent_again);
	if (s->over_ms)
		return mem_printf("the session before ended %s: %s", text_time(s->over_ms, at),
				  s->over_why);
	return NULL;
}

void link_summary_put_break(const struct link_summary *s, uint64_t held_until_ms, struct json *w)
{
	if (!s->lost_ms) {
		json_none(w, "last_break");
		return;
	}
	json_open(w, "last_break", '{');
	json_time(w, "at", s->lost_ms);
	json_str(w, "why", s->lost_why);
	json_time(w, "resumed", s->resumed_ms);
	if (s->resumed_ms)
		json_uint(w, "without_ms", s->without_ms);
	else
		json_none(w, "without_ms");
	json_time(w, "held_until", s->is_lost ? held_until_ms : 0);
	json_close(w);
}
