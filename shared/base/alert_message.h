/*
 * Writes the body that is posted for an alert, in the form that each kind of receiver documents,
 * and reads from the receiver's answer whether it took the alert. Pure.
 *
 *	json       {"event", "about", "well", "source", "account", "agent", "subject", "why",
 *	            "text", "time"}
 *	wecom      {"msgtype": "text", "text": {"content"}}; the answer is {"errcode": 0}
 *	dingtalk   as wecom
 *	telegram   {"chat_id", "text", "link_preview_options": {"is_disabled": true}}
 *	ntfy       {"topic", "title", "message", "priority", "tags"}
 *	gotify     {"title", "message", "priority"}
 *	template   the operator's own text, with {text}, {event}, {state}, {source}, {account},
 *	           {agent}, {subject}, {why} and {time} filled in
 *
 * Text of peers is always inside a JSON string. All kinds but the template are shown as plain text.
 * The receiver of a template may read markup or names of people in it, so there the characters that
 * begin these are replaced by their full-width forms.
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
/* The kind of a word of the configuration; -1: there is no such kind. */
int alert_message_kind_of(const char *word);

struct alert_message_form {
	enum alert_message_kind kind;
	const char *place;    /* telegram: the chat; ntfy: the topic */
	const char *template; /* for ALERT_MESSAGE_TEMPLATE: a JSON document */
	const char *source;   /* the name of the program that sends the alert */
};

/* Appends the body to out. time_ms: when the alert was made, in UNIX time. */
void alert_message_write(const struct alert_message_form *form, const struct alert *alert,
			 uint64_t time_ms, struct buf *out);
/* Reads the receiver's answer. NULL: it took the alert. Else why it did not; the caller frees
 * it. */
char *alert_message_refused(enum alert_message_kind kind, unsigned status, const char *body,
			    size_t len);

#endif
