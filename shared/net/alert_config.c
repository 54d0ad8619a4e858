#include "shared/net/alert_config.h"

#include "shared/base/file.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/http_client.h"
#include "shared/net/tls_context.h"

#include <string.h>

enum { AFTER_MAX_S = 24 * 60 * 60 };

/* Cuts the topic, the last part of the path, off the URL: ntfy takes the topic in the body. */
static void split_topic(struct conf_at at, struct alert_receiver *r)
{
	char *topic = strrchr(r->url, '/');
	if (topic - strstr(r->url, "//") > 1 && topic[1] && !strchr(topic, '?')) {
		r->place = mem_strdup(topic + 1);
		topic[1] = '\0';
	} else {
		conf_error(at, "url", "must end with the topic, as https://ntfy.sh/TOPIC");
	}
}

/* Cuts the chat, which is in the query, off the URL: it is sent in the body. */
static void split_chat(struct conf_at at, struct alert_receiver *r)
{
	static const char key[] = "chat_id=";
	char *query = strchr(r->url, '?');
	size_t len = sizeof key - 1, size = strlen(r->url) + 1;
	if (query && !strncmp(query + 1, key, len) && query[1 + len] && !strchr(query, '&')) {
		r->place = mem_alloc(size);
		*query = '\0';
		http_message_unescape(query + 1 + len, strlen(query + 1 + len), r->place);
	} else {
		conf_error(at, "url",
			   "must be https://api.telegram.org/botTOKEN/"
			   "sendMessage?chat_id=CHAT");
	}
}

static void read_url(struct conf_at at, struct alert_receiver *r)
{
	const char *text;
	struct http_url url;
	if (!conf_str(at, "url", &text))
		return;
	if (http_url_parse(text, &url) != 0) {
		conf_error(at, "url", "is no URL that begins with https:// or http://");
		return;
	}
	r->url = mem_strdup(text);
	r->host = mem_strdup(url.host);
	if (r->kind == ALERT_MESSAGE_NTFY)
		split_topic(at, r);
	else if (r->kind == ALERT_MESSAGE_TELEGRAM)
		split_chat(at, r);
}

static void read_kind(struct conf_at at, struct alert_receiver *r)
{
	const char *word = "json";
	bool has_kind = conf_has(at, "kind");
	conf_opt_str(at, "kind", &word);
	int kind = alert_message_kind_of(word);
	r->template = conf_document(at, "template");
	if (kind < 0)
		conf_error(at, "kind",
			   "\"%s\" is none of json, wecom, dingtalk, telegram, ntfy and gotify",
			   word);
	else if (r->template && has_kind)
		conf_error(at, "template", "stands in place of \"kind\": only one of them");
	r->kind = r->template ? ALERT_MESSAGE_TEMPLATE
		  : kind < 0  ? ALERT_MESSAGE_JSON
			      : (enum alert_message_kind)kind;
}

/* Reads "events"; when it is absent, all are wanted. */
static void read_events(struct conf_at at, struct alerts_rules *rules)
{
	struct conf_at list = conf_list(at, "events");
	for (size_t about = 0; about < ALERT_ABOUT_COUNT; about++)
		rules->wants[about] = !list.value;
	for (size_t i = 0; i < conf_len(list); i++) {
		const char *word;
		size_t about = 0;
		if (!conf_item_str(list, i, &word))
			continue;
		while (about < ALERT_ABOUT_COUNT &&
		       strcmp(alert_about_text((enum alert_about)about), word) != 0)
			about++;
		if (about < ALERT_ABOUT_COUNT)
			rules->wants[about] = true;
		else
			conf_error_item(list, i,
					"\"%s\" is none of home, target, publisher, certificate, "
					"guess and quota",
					word);
	}
}

static void read_ca_file(struct conf_at at, const char *file, struct alert_receiver *r)
{
	const char *text = NULL;
	char *why = NULL;
	if (!conf_opt_str(at, "ca_file", &text) || !text)
		return;
	r->ca_file = file_beside(file, text);
	struct tls_context *tls = tls_context_client_new(NULL, r->ca_file, NULL, true, &why);
	if (!tls)
		conf_error(at, "ca_file", "%s", why);
	tls_context_unref(tls);
	mem_free(why);
}

static void read_receiver(struct conf_at at, const char *file, struct alert_receiver *r)
{
	int64_t after_s = 0;
	read_kind(at, r);
	read_url(at, r);
	read_events(at, &r->rules);
	read_ca_file(at, file, r);
	conf_opt_int(at, "after_s", 1, AFTER_MAX_S, &after_s);
	r->rules.after_ms = (uint64_t)after_s * 1000;
	conf_done(at);
}

void alert_config_read(struct conf_at root, const char *file, struct alert_config *out)
{
	struct conf_at list = conf_list(root, "notify");
	size_t len = conf_len(list);
	*out = (struct alert_config){0};
	if (len > NOTIFY_RECEIVERS) {
		conf_error(root, "notify", "must have %d entries at most, not %zu",
			   NOTIFY_RECEIVERS, len);
		return;
	}
	out->receivers = mem_zalloc((len + 1) * sizeof(*out->receivers));
	for (size_t i = 0; i < len; i++) {
		struct conf_at at = conf_item(list, i);
		if (at.value)
			read_receiver(at, file, &out->receivers[out->count++]);
	}
}

void alert_config_fini(struct alert_config *c)
{
	for (size_t i = 0; i < c->count; i++)
		alert_receiver_fini(&c->receivers[i]);
	mem_free(c->receivers);
	*c = (struct alert_config){0};
}

void alert_receiver_copy(struct alert_receiver *out, const struct alert_receiver *from)
{
	*out = *from;
	out->url = mem_strdup(from->url);
	out->host = mem_strdup(from->host);
	out->place = mem_strdup(from->place);
	out->template = mem_strdup(from->template);
	out->ca_file = mem_strdup(from->ca_file);
}

void alert_receiver_fini(struct alert_receiver *r)
{
	mem_free(r->url);
	mem_free(r->host);
	mem_free(r->place);
	mem_free(r->template);
	mem_free(r->ca_file);
	*r = (struct alert_receiver){0};
}

static bool same_rules(const struct alerts_rules *a, const struct alerts_rules *b)
{
	return a->after_ms == b->after_ms && !memcmp(a->wants, b->wants, sizeof a->wants);
}

bool alert_receiver_same(const struct alert_receiver *a, const struct alert_receiver *b)
{
	return a->kind == b->kind && text_same(a->url, b->url) && text_same(a->place, b->place) &&
	       text_same(a->template, b->template) && text_same(a->ca_file, b->ca_file) &&
	       same_rules(&a->rules, &b->rules);
}
