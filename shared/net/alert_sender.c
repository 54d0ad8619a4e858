/*
 * Each receiver has its own alerts.h, which takes the events and makes messages. look() posts the
 * first message when the pace and the back-off allow it. When the message is taken, it is dropped
 * and the next one follows.
 *
 * Ways to fail: when the receiver cannot be reached or is busy (408, 429, 5xx), the same message is
 * sent again with back-off, for KEPT_MS. Every other answer is a refusal: the message is sent
 * REFUSALS times, because a token may just be changing, and is then dropped. The log has a line
 * when the reason changes, and one for each message that is dropped.
 */
#include "shared/net/alert_sender.h"

#include "shared/base/backoff.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/text.h"
#include "shared/base/token_bucket.h"
#include "shared/net/timer.h"
#include "shared/net/web_client.h"

#include <string.h>

enum {
	ANSWER_MAX = 16384,
	BACKOFF_FLOOR_MS = 1000,
	BACKOFF_BASE_MS = 4000,
	BACKOFF_MAX_MS = 10 * 60 * 1000,
	REFUSALS = 5,
	KEPT_MS = 24 * 60 * 60 * 1000,
	/* WeCom and DingTalk take twenty messages a minute. */
	PACE_MS = 4000,
	PACE_BURST = 4
};

struct receiver {
	struct list node;
	struct alert_sender *notifier;
	struct alert_receiver is;
	struct alerts *alerts;
	struct web_client *client;
	struct timer *timer;
	struct token_bucket pace; /* one unit each PACE_MS */
	struct backoff backoff;
	uint64_t retry_ms; /* loop time before which nothing is sent */
	unsigned refusals; /* of the first message */
	bool is_asking;    /* the first message is under way */
	char *trouble;     /* the reason that was last logged, or NULL */
};

struct alert_sender {
	struct loop *loop;
	char *source;
	struct list receivers;
};

static uint64_t pace_ms(uint64_t now_ms)
{
	return now_ms * 1000 / PACE_MS;
}

static void post(struct receiver *r, uint64_t now)
{
	const struct alert *first = alerts_first(r->alerts);
	const struct alert_message_form form = {r->is.kind, r->is.place, r->is.template,
						r->notifier->source};
	struct buf body = BUF_INIT;
	alert_message_write(&form, first, loop_wall_ms() - (now - first->at_ms), &body);
	r->is_asking = true;
	web_client_ask(r->client, "POST", "", "Content-Type: application/json\r\n", &body);
	buf_fini(&body);
}

static void look(struct receiver *r)
{
	uint64_t now = loop_now_ms(r->notifier->loop), next = alerts_look(r->alerts, now);
	bool has_some = alerts_first(r->alerts) != NULL;
	uint64_t wait = token_bucket_wait_ms(&r->pace, 1, pace_ms(now)) * PACE_MS / 1000;
	if (has_some && !r->is_asking) {
		uint64_t at = now + wait > r->retry_ms ? now + wait : r->retry_ms;
		if (at > now)
			next = at < next ? at : next;
		else if (token_bucket_try(&r->pace, 1, pace_ms(now)))
			post(r, now);
		else
			next = now + 1;
	}
	if (next == UINT64_MAX)
		timer_stop(r->timer);
	else
		timer_set(r->timer, next > now ? next - now : 1);
}

static void on_timer(void *owner)
{
	look(owner);
}

/* --- answers --- */

static void was_taken(struct receiver *r)
{
	const struct alert *first = alerts_first(r->alerts);
	log_info("alert_sent", "to=%s event=%s text=%s", r->is.host, first->event, first->text);
	backoff_reset(&r->backoff);
	r->refusals = 0;
	r->retry_ms = 0;
	mem_free(r->trouble);
	r->trouble = NULL;
	alerts_drop(r->alerts);
}

static void was_not_taken(struct receiver *r, const char *why, bool is_refusal)
{
	uint64_t now = loop_now_ms(r->notifier->loop);
	const struct alert *first = alerts_first(r->alerts);
	r->retry_ms = now + backoff_next(&r->backoff, BACKOFF_FLOOR_MS, random_u32());
	if (!text_same(r->trouble, why))
		log_warn("alert_not_sent", "to=%s why=%s", r->is.host, why);
	mem_free(r->trouble);
	r->trouble = mem_strdup(why);
	r->refusals += is_refusal;
	if (r->refusals < REFUSALS && now - first->at_ms < KEPT_MS)
		return;
	log_warn("alert_lost", "to=%s event=%s text=%s", r->is.host, first->event, first->text);
	r->refusals = 0;
	alerts_drop(r->alerts);
}

static bool is_busy(unsigned status)
{
	return status == 408 || status == 429 || status >= 500;
}

static void on_answer(void *owner, struct http_message *answer, const char *why)
{
	struct receiver *r = owner;
	r->is_asking = false;
	if (!answer) {
		was_not_taken(r, why, false);
	} else {
		size_t len;
		const char *body = http_message_body(answer, &len);
		unsigned status = http_message_head(answer)->status;
		char *refused = alert_message_refused(r->is.kind, status, body, len);
		if (refused)
			was_not_taken(r, refused, !is_busy(status));
		else
			was_taken(r);
		mem_free(refused);
	}
	look(r);
}

/* --- receivers --- */

static void receiver_close(struct receiver *r)
{
	list_remove(&r->node);
	web_client_close(r->client);
	timer_close(r->timer);
	alerts_free(r->alerts);
	alert_receiver_fini(&r->is);
	mem_free(r->trouble);
	mem_free(r);
}

static struct receiver *receiver_new(struct alert_sender *n, const struct alert_receiver *is)
{
	struct receiver *r = mem_zalloc(sizeof *r);
	r->notifier = n;
	alert_receiver_copy(&r->is, is);
	r->alerts = alerts_new(&is->rules);
	const struct web_client_service service = {r->is.url, r->is.host, r->is.ca_file,
						   ANSWER_MAX};
	r->client = web_client_new(n->loop, &service, on_answer, r);
	r->timer = timer_new(n->loop, on_timer, r);
	r->backoff = (struct backoff){.base_ms = BACKOFF_BASE_MS, .max_ms = BACKOFF_MAX_MS};
	token_bucket_init(&r->pace, 1, PACE_BURST, pace_ms(loop_now_ms(n->loop)));
	return r;
}

static struct receiver *find_same(struct list *among, const struct alert_receiver *is)
{
	LIST_EACH(node, among)
	{
		struct receiver *r = LIST_ENTRY(node, struct receiver, node);
		if (alert_receiver_same(&r->is, is))
			return r;
	}
	return NULL;
}

static void close_all(struct list *receivers)
{
	while (!list_is_empty(receivers))
		receiver_close(LIST_ENTRY(receivers->next, struct receiver, node));
}

void alert_sender_set(struct alert_sender *n, const struct alert_config *c)
{
	struct list before;
	list_init(&before);
	list_move(&before, &n->receivers);
	for (size_t i = 0; i < c->count; i++) {
		struct receiver *r = find_same(&before, &c->receivers[i]);
		if (r)
			list_remove(&r->node);
		else
			r = receiver_new(n, &c->receivers[i]);
		list_append(&n->receivers, &r->node);
	}
	close_all(&before);
}

void alert_sender_take(struct alert_sender *n, const struct event *e)
{
	LIST_EACH(node, &n->receivers)
	{
		struct receiver *r = LIST_ENTRY(node, struct receiver, node);
		alerts_take(r->alerts, e, loop_now_ms(n->loop));
		look(r);
	}
}

struct alert_sender *alert_sender_new(struct loop *l, const char *source)
{
	struct alert_sender *n = mem_zalloc(sizeof *n);
	n->loop = l;
	n->source = mem_strdup(source);
	list_init(&n->receivers);
	return n;
}

void alert_sender_close(struct alert_sender *n)
{
	if (!n)
		return;
	close_all(&n->receivers);
	mem_free(n->source);
	mem_free(n);
}
