/* "notify" of relay.json and agent.json: the receivers of alerts, what each is told, and how. */
#ifndef GROUNDNUT_NET_NOTIFY_CONFIG_H
#define GROUNDNUT_NET_NOTIFY_CONFIG_H

#include "shared/base/alert_message.h"
#include "shared/base/conf.h"

enum { NOTIFY_RECEIVERS = 16 };

struct notify_receiver {
	enum alert_message_kind kind;
	char *url;      /* where messages are posted to; a secret */
	char *host;     /* the URL's host, for the log */
	char *place;    /* telegram: the chat; ntfy: the topic; else NULL */
	char *template; /* a JSON document, or NULL */
	char *ca_file;  /* a path; NULL: the system's CAs */
	struct alerts_rules rules;
};

struct notify_config {
	struct notify_receiver *receivers;
	size_t count;
};

/* Reads "notify"; reports errors in the conf. file: the path of relay.json or agent.json. */
void notify_config_read(struct conf_at root, const char *file, struct notify_config *out);
void notify_config_fini(struct notify_config *c);
void notify_receiver_copy(struct notify_receiver *out, const struct notify_receiver *from);
void notify_receiver_fini(struct notify_receiver *r);
bool notify_receiver_same(const struct notify_receiver *a, const struct notify_receiver *b);

#endif
