/* "notify" of relay.json and agent.json: the receivers of alerts, what each is told, and how. */
#ifndef GROUNDNUT_NET_ALERT_CONFIG_H
#define GROUNDNUT_NET_ALERT_CONFIG_H

#include "shared/base/alert_message.h"
#include "shared/base/conf.h"

enum { NOTIFY_RECEIVERS = 16 };

struct alert_receiver {
	enum alert_message_kind kind;
	char *url;      /* where messages are posted to; a secret */
	char *host;     /* the URL's host, for the log */
	char *place;    /* telegram: the chat; ntfy: the topic; else NULL */
	char *template; /* a JSON document, or NULL */
	char *ca_file;  /* a path; NULL: the system's CAs */
	struct alerts_rules rules;
};

struct alert_config {
	struct alert_receiver *receivers;
	size_t count;
};

/* Reads "notify"; reports errors in the conf. file: the path of relay.json or agent.json. */
void alert_config_read(struct conf_at root, const char *file, struct alert_config *out);
void alert_config_fini(struct alert_config *c);
void alert_receiver_copy(struct alert_receiver *out, const struct alert_receiver *from);
void alert_receiver_fini(struct alert_receiver *r);
bool alert_receiver_same(const struct alert_receiver *a, const struct alert_receiver *b);

#endif
