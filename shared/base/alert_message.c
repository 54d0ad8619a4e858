#include "shared/base/alert_message.h"

#include "shared/base/conf.h"
#include "shared/base/json.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <string.h>

enum { NTFY_HIGH = 4, NTFY_USUAL = 3, GOTIFY_HIGH = 7, GOTIFY_USUAL = 4, SAID = 200 };

static const char *const kinds[] = {"json", "wecom", "dingtalk", "telegram", "ntfy", "gotify"};

int alert_message_kind_of(const char *word)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i], word))
			return (int)i;
	return -1;
}

static void write_json(const struct alert_message_form *form, const struct alert *a,
		       uint64_t time_ms, struct json *w)
{
	json_str(w, "event", a->event);
	json_str(w, "about", alert_about_text(a->about));
	json_bool(w, "well", a->is_well);
	json_str(w, "source", form->source);
	json_str(w, "account", a->account);
	json_str(w, "agent", a->agent);
	json_str(w, "subject", a->subject);
	json_str(w, "why", a->why);
	json_str(w, "text", a->text);
	json_time(w, "time", time_ms);
}

static void write_chat(const char *title, const struct alert *a, struct json *w)
{
	char *text = mem_printf("%s: %s", title, a->text);
	json_str(w, "msgtype", "text");
	json_open(w, "text", '{');
	json_str(w, "content", text);
	json_close(w);
	mem_free(text);
}

static void write_telegram(const char *title, const char *chat, const struct alert *a,
			   struct json *w)
{
	char *text = mem_printf("%s: %s", title, a->text);
	json_str(w, "chat_id", chat);
	json_str(w, "text", text);
	json_open(w, "link_preview_options", '{');
	json_bool(w, "is_disabled", true);
	json_close(w);
	mem_free(text);
}

static void write_ntfy(const char *title, const char *topic, const struct alert *a, struct json *w)
{
	json_str(w, "topic", topic);
	json_str(w, "title", title);
	json_str(w, "message", a->text);
	json_uint(w, "priority", a->is_well ? NTFY_USUAL : NTFY_HIGH);
	json_open(w, "tags", '[');
	json_str(w, NULL, a->is_well ? "white_check_mark" : "warning");
	json_close(w);
}

static void write_gotify(const char *title, const struct alert *a, struct json *w)
{
	json_str(w, "title", title);
	json_str(w, "message", a->text);
	json_uint(w, "priority", a->is_well ? GOTIFY_USUAL : GOTIFY_HIGH);
}

/* --- templates --- */

/* Appends the text as the inside of a JSON string, with full-width marks. */
static void put_inside(struct buf *out, const char *text)
{
	static const struct {
		char c;
		const char *wide;
	} marks[] = {{'<', "＜"}, {'>', "＞"}, {'&', "＆"}, {'@', "＠"}, {'[', "［"},
		     {']', "］"}, {'*', "＊"}, {'_', "＿"}, {'`', "｀"}, {'~', "～"}};
	struct buf plain = BUF_INIT, quoted = BUF_INIT;
	for (const char *p = text ? text : ""; *p; p++) {
		size_t i = 0, count = sizeof(marks) / sizeof(*marks);
		while (i < count && marks[i].c != *p)
			i++;
		if (i < count)
			buf_puts(&plain, marks[i].wide);
		else
			buf_put(&plain, p, 1);
	}
	struct json w = json_into(&quoted, false);
	json_str(&w, NULL, buf_str(&plain));
	buf_put(out, buf_data(&quoted) + 1, buf_len(&quoted) - 2);
	buf_fini(&plain);
	buf_fini(&quoted);
}

static void fill_in(const struct alert_message_form *form, const struct alert *a, uint64_t time_ms,
		    struct buf *out)
{
	char time[32];
	const struct {
		const char *word, *text;
	} words[] = {{"{text}", a->text},
		     {"{event}", a->event},
		     {"{state}", a->is_well ? "well" : "wrong"},
		     {"{source}", form->source},
		     {"{account}", a->account},
		     {"{agent}", a->agent},
		     {"{subject}", a->subject},
		     {"{why}", a->why},
		     {"{time}", text_time(time_ms, time)}};
	for (const char *p = form->template; *p;) {
		size_t i = 0, count = sizeof(words) / sizeof(*words);
		while (i < count && strncmp(p, words[i].word, strlen(words[i].word)) != 0)
			i++;
		if (i < count) {
			put_inside(out, words[i].text);
			p += strlen(words[i].word);
		} else {
			buf_put(out, p++, 1);
		}
	}
}

/* --- writing and reading --- */

void alert_message_write(const struct alert_message_form *form, const struct alert *alert,
			 uint64_t time_ms, struct buf *out)
{
	if (form->kind == ALERT_MESSAGE_TEMPLATE) {
		fill_in(form, alert, time_ms, out);
		return;
	}
	char *title = mem_printf("Groundnut %s", form->source);
	struct json w = json_into(out, false);
	json_open(&w, NULL, '{');
	switch (form->kind) {
	case ALERT_MESSAGE_JSON:
		write_json(form, alert, time_ms, &w);
		break;
	case ALERT_MESSAGE_WECOM:
	case ALERT_MESSAGE_DINGTALK:
		write_chat(title, alert, &w);
		break;
	case ALERT_MESSAGE_TELEGRAM:
		write_telegram(title, form->place, alert, &w);
		break;
	case ALERT_MESSAGE_NTFY:
		write_ntfy(title, form->place, alert, &w);
		break;
	case ALERT_MESSAGE_GOTIFY:
		write_gotify(title, alert, &w);
		break;
	case ALERT_MESSAGE_TEMPLATE:
		break;
	}
	json_close(&w);
	mem_free(title);
}

/* For receivers that answer 200 in any case. */
static char *refused_by_code(const char *body, size_t len)
{
	struct conf *c = conf_parse("answer", body, len, true);
	struct conf_at root = conf_root(c);
	int64_t code = -1;
	const char *words = "its answer has no errcode";
	conf_opt_int(root, "errcode", INT64_MIN, INT64_MAX, &code);
	conf_opt_str(root, "errmsg", &words);
	char cut[SAID];
	char *why = code ? text_harmless(text_fit(words, cut, sizeof cut)) : NULL;
	conf_free(c);
	return why;
}

char *alert_message_refused(enum alert_message_kind kind, unsigned status, const char *body,
			    size_t len)
{
	char cut[SAID];
	if (status >= 200 && status < 300)
		return kind == ALERT_MESSAGE_WECOM || kind == ALERT_MESSAGE_DINGTALK
			   ? refused_by_code(body, len)
			   : NULL;
	char *words = text_harmless(text_fit(body, cut, sizeof cut));
	char *why = mem_printf("HTTP %u%s%s", status, *words ? ": " : "", words);
	mem_free(words);
	return why;
}
