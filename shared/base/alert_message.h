/*
 * What is posted for an alert: the body that each kind of receiver wants, by its documentation, and
 * whether its answer says that it took it. Pure.
 *
 *	json       {"event", "about", "well", "source", "account", "agent", "subject", "why",
 *	            "text", "time"}
 *	wecom      {"msgtype": "text", "text": {"content"}}, and {"errcode": 0} comes back
 *	dingtalk   the same
 *	telegram   {"chat_id", "text", "link_preview_options": {"is_disabled": true}}
 *	ntfy       {"topic", "title", "message", "priority", "tags"}
 *	gotify     {"title", "message", "priority"}
 *	template   the operator's own text, with {text}, {event}, {state}, {source}, {account},
 *	           {agent}, {subject}, {why} and {time} filled in
 *
 * Whatever peers wrote is a JSON string in all of them. The others show it as plain text; in a
 * template, which may lead to somebody who reads markup or names in it, the characters that begin
 * these are replaced by their full-width forms.
 */
#ifndef GROUNDNUT_BASE_ALERT_MESSAGE_H
#define GROUNDNUT_BASE_ALERT_MESSAGE_H

#include "shared/base/alerts.h"
#include "shared/base/buf.h"

enum alert_message_kind {
	ALERT_MESSAGE_JSON,
	ALERT_MESSAGE_WECOM,
	ALERT_MESSAGE_DINGTALK,
	ALERT_MESSAGE_TELEGRAM,
	ALERT_MESSAGE_NTFY,
	ALERT_MESSAGE_GOTIFY,
	ALERT_MESSAGE_TEMPLATE
};
/* -1: there is none of that name. */
int alert_message_kind_of(const char *word);

struct alert_message_form {
	enum alert_message_kind kind;
	const char *place;    /* telegram: the chat; ntfy: the topic */
	const char *template; /* of ALERT_MESSAGE_TEMPLATE: a JSON document */
	const char *source;   /* which program speaks */
};

/* time_ms: of the alert, in UNIX time. */
void alert_message_write(const struct alert_message_form *form, const struct alert *alert,
			 uint64_t time_ms, struct buf *out);
/* Why it was not taken (freed by the caller), or NULL. */
char *alert_message_refused(enum alert_message_kind kind, unsigned status, const char *body,
			    size_t len);

#endif
