#include "shared/base/link_summary.h"
#include "shared/base/buf.h"
#include "shared/base/json.h"
#include "shared/base/mem.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#define NOON UINT64_C(1795608000000)

static void tells(const struct link_summary *s, enum link_summary_state state, uint64_t silent,
		  uint64_t left, const char *wanted)
{
	char *text = link_summary_text(s, state, silent, left);
	if (wanted)
		assert_string_equal(text, wanted);
	else
		assert_null(text);
	mem_free(text);
}

static void a_session_without_trouble_has_none(void **state)
{
	(void)state;
	struct link_summary s = {0};
	tells(&s, LINK_SUMMARY_ATTACHED, 5, 0, NULL);
	tells(&s, LINK_SUMMARY_NO_SESSION, 0, 0, NULL);
}

static void each_state_has_its_sentence(void **state)
{
	(void)state;
	struct link_summary s = {0};
	tells(&s, LINK_SUMMARY_SUSPECT, 1340, 0, "suspect: silent for 1.3 s");
	tells(&s, LINK_SUMMARY_DETACHED, 12340, 107000,
	      "detached: silent for 12.3 s, connections are held for another 107 s");
	link_summary_resumed(&s, NOON, 12900, 4711);
	tells(&s, LINK_SUMMARY_ATTACHED, 0, 0,
	      "resumed 2026-11-25T12:00:00Z after 12.9 s, 4711 bytes sent again");
	tells(&s, LINK_SUMMARY_SUSPECT, 500, 0, "suspect: silent for 0.5 s");
	link_summary_fini(&s);
}

static void a_new_session_was_never_resumed(void **state)
{
	(void)state;
	struct link_summary s = {0};
	link_summary_resumed(&s, NOON, 1000, 1);
	link_summary_over(&s, NOON + 1000, "the grace is over");
	tells(&s, LINK_SUMMARY_NO_SESSION, 0, 0,
	      "the session before ended 2026-11-25T12:00:01Z: the grace is over");
	tells(&s, LINK_SUMMARY_ATTACHED, 0, 0,
	      "the session before ended 2026-11-25T12:00:01Z: the grace is over");
	link_summary_resumed(&s, NOON + 2000, 1000, 1);
	tells(&s, LINK_SUMMARY_ATTACHED, 0, 0,
	      "resumed 2026-11-25T12:00:02Z after 1.0 s, 1 bytes sent again");
	link_summary_over(&s, NOON + 3000, "goodbye");
	tells(&s, LINK_SUMMARY_NO_SESSION, 0, 0,
	      "the session before ended 2026-11-25T12:00:03Z: goodbye");
	link_summary_fini(&s);
}

static void breaks(const struct link_summary *s, const char *wanted)
{
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	link_summary_put_break(s, NOON + 120000, &w);
	json_close(&w);
	assert_string_equal(buf_str(&out), wanted);
	buf_fini(&out);
}

static void the_last_break_has_its_reason(void **state)
{
	(void)state;
	struct link_summary s = {0};
	breaks(&s, "{\"last_break\":null}");
	link_summary_lost(&s, NOON, "no answer in time");
	link_summary_lost(&s, NOON + 1000, "closed by the other side");
	breaks(&s, "{\"last_break\":{\"at\":\"2026-11-25T12:00:00Z\",\"why\":\"no answer in time\","
		   "\"resumed\":null,\"without_ms\":null,"
		   "\"held_until\":\"2026-11-25T12:02:00Z\"}}");
	link_summary_resumed(&s, NOON + 4000, 4000, 0);
	breaks(&s,
	       "{\"last_break\":{\"at\":\"2026-11-25T12:00:00Z\",\"why\":\"no answer in time\","
	       "\"resumed\":\"2026-11-25T12:00:04Z\",\"without_ms\":4000,\"held_until\":null}}");
	link_summary_lost(&s, NOON + 9000, "reset by the other side");
	link_summary_over(&s, NOON + 129000, "grace over");
	breaks(&s, "{\"last_break\":{\"at\":\"2026-11-25T12:00:09Z\","
		   "\"why\":\"reset by the other side\","
		   "\"resumed\":null,\"without_ms\":null,\"held_until\":null}}");
	link_summary_fini(&s);
}

static void a_loss_that_nobody_saw_is_told_too(void **state)
{
	(void)state;
	struct link_summary s = {0};
	link_summary_lost(&s, NOON - 9000, "reset by the other side");
	link_summary_over(&s, NOON - 5000, "grace over");
	link_summary_resumed(&s, NOON + 3000, 3000, 0);
	breaks(&s,
	       "{\"last_break\":{\"at\":\"2026-11-25T12:00:00Z\","
	       "\"why\":\"another connection came in its place\","
	       "\"resumed\":\"2026-11-25T12:00:03Z\",\"without_ms\":3000,\"held_until\":null}}");
	link_summary_over(&s, NOON + 5000, "the relay is stopping");
	breaks(&s, "{\"last_break\":{\"at\":\"2026-11-25T12:00:05Z\","
		   "\"why\":\"the relay is stopping\","
		   "\"resumed\":null,\"without_ms\":null,\"held_until\":null}}");
	link_summary_fini(&s);
}

static void a_long_reason_is_cut(void **state)
{
	(void)state;
	struct link_summary s = {0};
	char why[400];
	memset(why, 'x', sizeof why);
	why[sizeof why - 1] = 0;
	link_summary_over(&s, NOON, why);
	assert_int_equal(strlen(s.over_why), LINK_SUMMARY_WHY);
	link_summary_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_session_without_trouble_has_none),
	    cmocka_unit_test(each_state_has_its_sentence),
	    cmocka_unit_test(a_new_session_was_never_resumed),
	    cmocka_unit_test(the_last_break_has_its_reason),
	    cmocka_unit_test(a_loss_that_nobody_saw_is_told_too),
	    cmocka_unit_test(a_long_reason_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
