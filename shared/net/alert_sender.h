/*
 * Sends alerts (alerts.h) to the receivers of "notify". Each receiver gets one message at a time,
 * with the pause between messages that public receivers ask for. A message that is not taken is
 * sent again with back-off; it is dropped after a day, or after some refusals. One loop; a leaf.
 */
#ifndef GROUNDNUT_NET_ALERT_SENDER_H
#define GROUNDNUT_NET_ALERT_SENDER_H

#include "shared/net/loop.h"
#include "shared/net/alert_config.h"

struct alert_sender;

/* source: the name of the program, for people. */
struct alert_sender *alert_sender_new(struct loop *l, const char *source);
/* Sets the receivers; copies them. One that has not changed keeps its watches and messages. */
void alert_sender_set(struct alert_sender *n, const struct alert_config *c);
/* Gives an event to all receivers. */
void alert_sender_take(struct alert_sender *n, const struct event *e);
void alert_sender_close(struct alert_sender *n); /* messages not sent are lost; NULL does nothing */

#endif
