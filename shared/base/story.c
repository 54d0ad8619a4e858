#include "shared/base/story.h"

#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <inttypes.h>
#include <stdio.h>

void story_resumed(struct story *s, uint64_t at_ms, uint64_t without_ms, uint64_t sent_again)
{
	s->resumed_ms = at_ms;
	s->without_ms = without_ms;
	s->sent_again = sent_again;
}

void story_over(struct story *s, uint64_t at_ms, const char *why)
{
	s->resumed_ms = 0;
	s->over_ms = at_ms;
	snprintf(s->over_why, sizeof s->over_why, "%s", why);
}

static double seconds(uint64_t ms)
{
	return (double)ms / 1000;
}

char *story_text(const struct story *s, enum story_state state, uint64_t silent_ms,
		 uint64_t left_ms)
{
	char at[32];
	if (state == STORY_SUSPECT)
		return mem_printf("suspect: silent for %.1f s", seconds(silent_ms));
	if (state == STORY_DETACHED)
		return mem_printf(
		    "detached: silent for %.1f s, connections are held for another %.0f s",
		    seconds(silent_ms), seconds(left_ms));
	if (state == STORY_ATTACHED && s->resumed_ms)
		return mem_printf("resumed %s after %.1f s, %" PRIu64 " bytes sent again",
				  text_time(s->resumed_ms, at), seconds(s->without_ms),
				  s->sent_again);
	if (s->over_ms)
		return mem_printf("the session before ended %s: %s", text_time(s->over_ms, at),
				  s->over_why);
	return NULL;
}
