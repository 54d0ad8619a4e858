#include "shared/base/alert_message.h"

#include "shared/base/conf.h"
#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* What a peer could choose to break out of a string, a line or a markup. */
#define NASTY "\"}],{\\\n<!channel> *b* [x](http://e) \xff"

static struct alert nasty_alert(void)
{
	struct alert a = {.about = ALERT_TARGET,
			  .event = "target_down",
			  .account = "alice",
			  .agent = "nas",
			  .subject = NASTY,
			  .why = NASTY};
	snprintf(a.text, sizeof a.text, "%s", NASTY);
	return a;
}

static void each_kind_is_one_json_object_whatever_peers_wrote(void **state)
{
	static const char *const keys[] = {"event", "msgtype", "msgtype", "chat_id",
					   "topic", "message", "mine"};
	const struct alert a = nasty_alert();
	(void)state;
	for (int kind = 0; kind <= ALERT_MESSAGE_TEMPLATE; kind++) {
		const struct alert_message_form form = {
		    (enum alert_message_kind)kind, NASTY,
		    "{\"mine\":\"{text}{why}{subject}{unknown}\"}", NASTY};
		struct buf out = BUF_INIT;
		alert_message_write(&form, &a, 1, &out);
		struct conf *c = conf_parse("message", buf_str(&out), buf_len(&out), true);
		const char *text;
		assert_true(conf_str(conf_root(c), keys[kind], &text));
		assert_true(conf_ok(conf_root(c)));
		conf_free(c);
		buf_fini(&out);
	}
}

static void a_template_has_no_markup_of_peers(void **state)
{
	const struct alert a = nasty_alert();
	const struct alert_message_form form = {
	    ALERT_MESSAGE_TEMPLATE, NULL, "{\"x\":\"{why}\",\"t\":\"<{state} {time}>\"}", "s"};
	struct buf out = BUF_INIT;
	(void)state;
	alert_message_write(&form, &a, 1000, &out);
	const char *text = buf_str(&out);
	assert_null(strstr(text, "<!channel>"));
	assert_null(strstr(text, "[x]"));
	assert_non_null(strstr(text, "＜!channel＞"));
	assert_non_null(strstr(text, "<wrong 1970-01-01T00:00:01Z>")); /* the operator's stays */
	buf_fini(&out);
}

static void an_answer_says_whether_it_was_taken(void **state)
{
	static const struct {
		enum alert_message_kind kind;
		unsigned status;
		const char *body, *why;
	} rows[] = {
	    {ALERT_MESSAGE_JSON, 204, "", NULL},
	    {ALERT_MESSAGE_JSON, 500, "no", "HTTP 500: no"},
	    {ALERT_MESSAGE_JSON, 302, "", "HTTP 302"},
	    {ALERT_MESSAGE_TELEGRAM, 200, "{\"ok\":true}", NULL},
	    {ALERT_MESSAGE_WECOM, 200, "{\"errcode\":0,\"errmsg\":\"ok\"}", NULL},
	    {ALERT_MESSAGE_WECOM, 200, "{\"errcode\":45009,\"errmsg\":\"limit\"}", "limit"},
	    {ALERT_MESSAGE_DINGTALK, 200, "{\"errcode\":310000,\"errmsg\":\"sign\\nx\"}", "sign?x"},
	    {ALERT_MESSAGE_DINGTALK, 200, "<html>", "its answer has no errcode"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *why = alert_message_refused(rows[i].kind, rows[i].status, rows[i].body,
						  strlen(rows[i].body));
		if (rows[i].why)
			assert_string_equal(why, rows[i].why);
		else
			assert_null(why);
		mem_free(why);
	}
}

static void kinds_are_known_by_their_words(void **state)
{
	(void)state;
	assert_int_equal(alert_message_kind_of("json"), ALERT_MESSAGE_JSON);
	assert_int_equal(alert_message_kind_of("gotify"), ALERT_MESSAGE_GOTIFY);
	assert_int_equal(alert_message_kind_of("template"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_kind_is_one_json_object_whatever_peers_wrote),
	    cmocka_unit_test(a_template_has_no_markup_of_peers),
	    cmocka_unit_test(an_answer_says_whether_it_was_taken),
	    cmocka_unit_test(kinds_are_known_by_their_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
