#include "shared/base/alerts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { S = 1000, HOUR = 60 * 60 * S };

static struct alerts *all_of_them(uint64_t after_ms)
{
	struct alerts_rules rules = {.after_ms = after_ms};
	for (int i = 0; i < ALERT_ABOUT_COUNT; i++)
		rules.wants[i] = true;
	return alerts_new(&rules);
}

static void happens(struct alerts *a, enum event_kind kind, const char *subject, const char *why,
		    uint64_t now_ms)
{
	const struct event e = {
	    .kind = kind, .account = "alice", .agent = "nas", .subject = subject, .why = why};
	alerts_look(a, now_ms);
	alerts_take(a, &e, now_ms);
}

/* The next message is this one; NULL: there is none. */
static void expect(struct alerts *a, uint64_t now_ms, const char *event, const char *text)
{
	alerts_look(a, now_ms);
	const struct alert *m = alerts_first(a);
	if (!event) {
		assert_null(m);
		return;
	}
	assert_non_null(m);
	assert_string_equal(m->event, event);
	if (text)
		assert_string_equal(m->text, text);
	alerts_drop(a);
}

static void a_home_that_is_away_for_long_is_told_once_and_so_is_its_return(void **state)
{
	(void)state;
	struct alerts *a = all_of_them(0);
	happens(a, EVENT_HOME_DETACHED, NULL, "connection timed out", 10 * S);
	assert_int_equal(alerts_look(a, 11 * S), 100 * S);
	happens(a, EVENT_HOME_GONE, NULL, "grace over", 80 * S);
	expect(a, 99 * S, NULL, NULL);
	expect(a, 100 * S, "home_away", "home alice/nas has been away for 1 min: grace over");
	happens(a, EVENT_HOME_DETACHED, NULL, "again", 200 * S);
	expect(a, 2 * HOUR, NULL, NULL);
	happens(a, EVENT_HOME_ATTACHED, NULL, NULL, 2 * HOUR + 10 * S);
	expect(a, 2 * HOUR + 10 * S, "home_back", "home alice/nas is back after 2 h 0 min");
	expect(a, 3 * HOUR, NULL, NULL);
	assert_int_equal(alerts_watched(a), 0);
	assert_true(alerts_look(a, 3 * HOUR) == UINT64_MAX);
	alerts_free(a);
}

static void a_flap_is_not_told(void **state)
{
	(void)state;
	struct alerts *a = all_of_them(0);
	for (uint64_t t = 0; t < HOUR; t += 60 * S) {
		happens(a, EVENT_HOME_DETACHED, NULL, "lost", t);
		happens(a, EVENT_TARGET_DOWN, "web", "refused", t);
		happens(a, EVENT_HOME_RESUMED, NULL, NULL, t + 30 * S);
		happens(a, EVENT_TARGET_UP, "web", NULL, t + 30 * S);
	}
	expect(a, 2 * HOUR, NULL, NULL);
	alerts_free(a);
}

static void a_target_goes_down_and_up(void **state)
{
	(void)state;
	struct alerts *a = all_of_them(0);
	happens(a, EVENT_TARGET_DOWN, "web", "connection refused", 0);
	happens(a, EVENT_TARGET_DOWN, "printer", "no route", 20 * S);
	expect(a, 45 * S, "target_down",
	       "home alice/nas: the target of web has been down for 45 s: connection refused");
	expect(a, 46 * S, NULL, NULL);
	happens(a, EVENT_TARGET_UP, "web", NULL, 60 * S);
	expect(a, 60 * S, "target_up", "home alice/nas: the target of web is up after 1 min");
	expect(a, 65 * S, "target_down", NULL);
	/* a mapping that is no more is not told to be well */
	happens(a, EVENT_MAPPING_CLOSED, "printer", NULL, 70 * S);
	happens(a, EVENT_TARGET_UP, "printer", NULL, 71 * S);
	expect(a, HOUR, NULL, NULL);
	alerts_free(a);
}

static void of_a_home_that_is_away_no_target_is_told(void **state)
{
	(void)state;
	struct alerts *a = all_of_them(0);
	happens(a, EVENT_TARGET_DOWN, "web", "refused", 0);
	happens(a, EVENT_HOME_DETACHED, NULL, "lost", 10 * S);
	expect(a, 100 * S, "home_away", NULL);
	expect(a, HOUR, NULL, NULL);
	alerts_free(a);
}

static void a_home_that_was_removed_is_not_missed(void **state)
{
	(void)state;
	struct alerts *a = all_of_them(0);
	happens(a, EVENT_TARGET_DOWN, "web", "refused", 0);
	expect(a, 50 * S, "target_down", NULL);
	happens(a, EVENT_TARGET_DOWN, "printer", "refused", 55 * S);
	happens(a, EVENT_HOME_DETACHED, NULL, "refused", 60 * S);
	happens(a, EVENT_HOME_REMOVED, NULL, NULL, 60 * S);
	assert_int_equal(alerts_watched(a), 0);
	expect(a, HOUR, NULL, NULL);
	alerts_free(a);
}

static void a_publisher_has_an_hour(void **state)
{
	(void)state;
	struct alerts *a = all_of_them(0);
	const struct event fails = {
	    .kind = EVENT_PUBLISHER_FAILS, .subject = "cloudflare", .why = "403"};
	const struct event works = {.kind = EVENT_PUBLISHER_WORKS, .subject = "cloudflare"};
	for (uint64_t t = 0; t < HOUR; t += 300 * S)
		alerts_take(a, &fails, t);
	expect(a, HOUR - 1, NULL, NULL);
	expect(a, HOUR, "publisher_fails", "cloudflare has not published for 1 h 0 min: 403");
	alerts_take(a, &works, HOUR + 60 * S);
	expect(a, HOUR + 60 * S, "publisher_works", "cloudflare publishes again after 1 h 1 min");
	alerts_free(a);
}

static void a_certificate_is_told_at_once(void **state)
{
	(void)state;
	struct alerts *a = all_of_them(0);
	const struct event overdue = {
	    .kind = EVENT_CERTIFICATE_OVERDUE, .subject = "nas.example", .why = "no record"};
	const struct event taken = {.kind = EVENT_CERTIFICATE_TAKEN, .subject = "nas.example"};
	alerts_take(a, &taken, 0);
	alerts_take(a, &overdue, S);
	alerts_take(a, &overdue, 2 * S);
	expect(a, 3 * S, "certificate_overdue",
	       "the certificate for nas.example should have been renewed: no record");
	alerts_take(a, &taken, 4 * S);
	expect(a, 4 * S, "certificate_renewed", "the certificate for nas.example was renewed");
	expect(a, HOUR, NULL, NULL);
	alerts_free(a);
}

static void guesses_are_told_once_an_hour(void **state)
{
	(void)state;
	struct alerts *a = all_of_them(0);
	const struct event e = {
	    .kind = EVENT_GUESSES, .subject = "192.0.2.0/24", .why = "passwords of the page"};
	for (uint64_t t = 0; t < HOUR; t += S) {
		alerts_look(a, t);
		alerts_take(a, &e, t);
	}
	expect(a, HOUR - 1, "guesses", "somebody guesses from 192.0.2.0/24: passwords of the page");
	expect(a, HOUR, NULL, NULL);
	alerts_take(a, &e, HOUR);
	expect(a, HOUR, "guesses", NULL);
	expect(a, HOUR, NULL, NULL);
	alerts_free(a);
}

static void only_what_is_wanted_is_watched(void **state)
{
	(void)state;
	struct alerts_rules rules = {.wants = {[ALERT_TARGET] = true}, .after_ms = S};
	struct alerts *a = alerts_new(&rules);
	happens(a, EVENT_HOME_DETACHED, NULL, "lost", 0);
	assert_int_equal(alerts_watched(a), 0);
	happens(a, EVENT_TARGET_DOWN, "web", "refused", 0);
	expect(a, S - 1, NULL, NULL);
	expect(a, S, "target_down", NULL);
	alerts_free(a);
}

/* An account with many mappings that it lets flap. */
static void one_account_cannot_fill_anything(void **state)
{
	(void)state;
	struct alerts *a = all_of_them(0);
	char subject[32];
	for (unsigned i = 0; i < 3 * ALERTS_WATCHED_EACH; i++) {
		snprintf(subject, sizeof subject, "m%u", i);
		happens(a, EVENT_TARGET_DOWN, subject, "refused", 0);
	}
	assert_int_equal(alerts_watched(a), ALERTS_WATCHED_EACH);
	alerts_look(a, 50 * S);
	assert_int_equal(alerts_waiting(a), ALERTS_EACH + 1);
	for (unsigned i = 0; i < ALERTS_EACH; i++)
		expect(a, 50 * S, "target_down", NULL);
	expect(a, 50 * S, "target_down", "there is more about account alice, which is not told");
	/* another one is told meanwhile */
	const struct event bob = {.kind = EVENT_HOME_GONE, .account = "bob", .agent = "pc"};
	alerts_take(a, &bob, 50 * S);
	expect(a, 140 * S, "home_away", "home bob/pc has been away for 1 min: no reason is known");
	expect(a, 140 * S, NULL, NULL);
	alerts_free(a);
}

static void take_targets(struct alerts *a, const char *account, unsigned count)
{
	char subject[32];
	for (unsigned i = 0; i < count; i++) {
		snprintf(subject, sizeof subject, "m%u", i);
		const struct event e = {.kind = EVENT_TARGET_DOWN,
					.account = account,
					.agent = "nas",
					.subject = subject};
		alerts_take(a, &e, 0);
	}
}

/* Whether the home is told to be away, among whatever else is told. */
static bool is_told_away(struct alerts *a, const char *account, uint64_t now_ms)
{
	bool is_told = false;
	alerts_look(a, now_ms);
	for (; alerts_first(a); alerts_drop(a)) {
		const struct alert *m = alerts_first(a);
		is_told |= m->about == ALERT_HOME && !strcmp(m->account, account);
	}
	return is_told;
}

static void a_newcomer_takes_the_place_of_the_least_important_of_the_fullest(void **state)
{
	(void)state;
	struct alerts *a = all_of_them(0);
	char account[32];
	const struct event bob = {.kind = EVENT_HOME_GONE, .account = "bob", .agent = "pc"};
	const struct event own = {.kind = EVENT_HOME_GONE, .account = "bad0", .agent = "pc"};
	take_targets(a, "carol", 1);
	for (unsigned i = 0; i <= ALERTS_WATCHED / ALERTS_WATCHED_EACH; i++) {
		snprintf(account, sizeof account, "bad%u", i);
		take_targets(a, account, ALERTS_WATCHED_EACH);
	}
	assert_int_equal(alerts_watched(a), ALERTS_WATCHED);
	alerts_take(a, &bob, 0);
	alerts_take(a, &own, 0);
	assert_int_equal(alerts_watched(a), ALERTS_WATCHED);
	alerts_look(a, 45 * S); /* this also tells the target of carol, the first that came */
	assert_string_equal(alerts_first(a)->account, "carol");
	assert_true(is_told_away(a, "bob", 90 * S));
	alerts_free(a);
}

static void the_targets_of_an_account_leave_a_place_for_its_home(void **state)
{
	(void)state;
	struct alerts *a = all_of_them(0);
	const struct event own = {.kind = EVENT_HOME_GONE, .account = "alice", .agent = "pc"};
	const struct event less = {
	    .kind = EVENT_TARGET_DOWN, .account = "bob", .agent = "pc", .subject = "web"};
	char agent[32];
	take_targets(a, "alice", ALERTS_WATCHED_EACH);
	alerts_take(a, &own, 0);
	assert_int_equal(alerts_watched(a), ALERTS_WATCHED_EACH);
	assert_true(is_told_away(a, "alice", 90 * S));
	/* no target takes the place of a home */
	for (unsigned i = 0; i < ALERTS_WATCHED_EACH; i++) {
		snprintf(agent, sizeof agent, "pc%u", i);
		const struct event e = {.kind = EVENT_HOME_GONE, .account = "bob", .agent = agent};
		alerts_take(a, &e, 0);
	}
	size_t before = alerts_watched(a);
	alerts_take(a, &less, 0);
	assert_int_equal(alerts_watched(a), before);
	alerts_free(a);
}

/* Four accounts have all that each may say wait, and one of a good account comes. */
static void some_accounts_leave_room_for_others(void **state)
{
	(void)state;
	struct alerts *a = all_of_them(0);
	char account[32], why[32], text[ALERT_TEXT];
	for (unsigned i = 0; i < 4 * ALERTS_EACH; i++) {
		snprintf(account, sizeof account, "bad%u", i % 4);
		snprintf(why, sizeof why, "%u %%", i);
		const struct event e = {
		    .kind = EVENT_QUOTA, .account = account, .subject = why, .why = why};
		alerts_take(a, &e, 0);
	}
	assert_int_equal(alerts_waiting(a), ALERTS_WAITING);
	const struct event good = {.kind = EVENT_QUOTA, .account = "good", .why = "80 % of good"};
	alerts_take(a, &good, 0);
	assert_int_equal(alerts_waiting(a), ALERTS_WAITING);
	for (unsigned i = 0; i < ALERTS_WAITING - 1; i++) {
		snprintf(text, sizeof text, "%u %%", i);
		expect(a, 0, "quota", text);
	}
	expect(a, 0, "quota", "80 % of good");
	expect(a, 0, "lost", "21 alerts could not be sent and are lost");
	expect(a, 0, NULL, NULL);
	alerts_free(a);
}

static void what_cannot_be_sent_is_bounded_and_counted(void **state)
{
	(void)state;
	struct alerts *a = all_of_them(0);
	char account[32];
	for (unsigned i = 0; i < ALERTS_WAITING + 7; i++) {
		snprintf(account, sizeof account, "a%u", i);
		const struct event e = {.kind = EVENT_QUOTA, .account = account, .why = "80 %"};
		alerts_take(a, &e, 0);
	}
	assert_int_equal(alerts_waiting(a), ALERTS_WAITING);
	for (unsigned i = 0; i < ALERTS_WAITING; i++)
		expect(a, 0, "quota", NULL);
	assert_null(alert_about_text(alerts_first(a)->about)); /* about no home */
	expect(a, 0, "lost", "7 alerts could not be sent and are lost");
	expect(a, 0, NULL, NULL);
	alerts_free(a);
}

static void words_of_peers_are_cut_and_hold_no_controls(void **state)
{
	(void)state;
	struct alerts *a = all_of_them(S);
	char why[2000];
	memset(why, 'x', sizeof why);
	why[sizeof why - 1] = '\0';
	memcpy(why, "a\nb\x1b[2J\xe2\x80\xae", 10);
	happens(a, EVENT_TARGET_DOWN, "web", why, 0);
	alerts_look(a, S);
	const struct alert *m = alerts_first(a);
	assert_non_null(m);
	assert_true(strlen(m->text) < ALERT_TEXT - 1);
	assert_non_null(strstr(m->text, "a?b?[2J?xxx"));
	alerts_free(a);
	alerts_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_home_that_is_away_for_long_is_told_once_and_so_is_its_return),
	    cmocka_unit_test(a_flap_is_not_told),
	    cmocka_unit_test(a_target_goes_down_and_up),
	    cmocka_unit_test(of_a_home_that_is_away_no_target_is_told),
	    cmocka_unit_test(a_home_that_was_removed_is_not_missed),
	    cmocka_unit_test(a_publisher_has_an_hour),
	    cmocka_unit_test(a_certificate_is_told_at_once),
	    cmocka_unit_test(guesses_are_told_once_an_hour),
	    cmocka_unit_test(only_what_is_wanted_is_watched),
	    cmocka_unit_test(one_account_cannot_fill_anything),
	    cmocka_unit_test(a_newcomer_takes_the_place_of_the_least_important_of_the_fullest),
	    cmocka_unit_test(the_targets_of_an_account_leave_a_place_for_its_home),
	    cmocka_unit_test(some_accounts_leave_room_for_others),
	    cmocka_unit_test(what_cannot_be_sent_is_bounded_and_counted),
	    cmocka_unit_test(words_of_peers_are_cut_and_hold_no_controls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
