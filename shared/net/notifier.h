/*
 * Sends alerts (alerts.h) to the receivers of "notify". Each receiver gets one message at a time,
 * with the pause between messages that public receivers ask for. A message that is not taken is
 * sent again with back-off; it is dropped after a day, or after some refusals. One loop; a leaf.
 */
#ifndef GROUNDNUT_NET_NOTIFIER_H
#define GROUNDNUT_NET_NOTIFIER_H

#include "shared/net/loop.h"
#include "shared/net/notify_config.h"

struct notifier;

/* source: the name of the program, for people. */
struct notifier *notifier_new(struct loop *l, const char *source);
/* Sets the receivers; copies them. One that has not changed keeps its watches and messages. */
void notifier_set(struct notifier *n, const struct notify_config *c);
/* Gives an event to all receivers. */
void notifier_take(struct notifier *n, const struct event *e);
void notifier_close(struct notifier *n); /* messages not sent are lost; NULL does nothing */

#endif
