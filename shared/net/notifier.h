/*
 * Sends alerts (alerts.h) to those whom "notify" names: one message at a time to each, with a pause
 * between them that public receivers ask for, tried again with back-off until it was taken. One
 * loop, a leaf.
 */
#ifndef GROUNDNUT_NET_NOTIFIER_H
#define GROUNDNUT_NET_NOTIFIER_H

#include "shared/net/loop.h"
#include "shared/net/notify_config.h"

struct notifier;

/* source: which program speaks, for people. */
struct notifier *notifier_new(struct loop *l, const char *source);
/* A receiver that has not changed keeps what it waits for and has still to send. */
void notifier_set(struct notifier *n, const struct notify_config *c);
void notifier_take(struct notifier *n, const struct event *e);
void notifier_close(struct notifier *n); /* what was not sent is lost; NULL does nothing */

#endif
