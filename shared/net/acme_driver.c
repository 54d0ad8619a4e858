#include "shared/net/acme_driver.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/http_client.h"
#include "shared/net/timer.h"

#include <stdio.h>

enum { TIMEOUT_MS = 30 * 1000, LOOK_MS = 60 * 1000 };

struct acme_driver {
	struct loop *loop;
	struct acme_client *client;
	struct tls_context *tls; /* or NULL */
	acme_driver_fn *fn;
	void *owner;
	struct http_ask *ask; /* under way, or NULL */
	struct timer *timer;
};

static void on_timer(void *owner)
{
	struct acme_driver *d = owner;
	d->fn(d->owner);
}

struct acme_driver *acme_driver_new(struct loop *l, struct acme_client *c, struct tls_context *tls,
				    acme_driver_fn *fn, void *owner)
{
	struct acme_driver *d = mem_zalloc(sizeof(*d));
	d->loop = l;
	d->client = c;
	d->tls = tls ? tls_context_ref(tls) : NULL;
	d->fn = fn;
	d->owner = owner;
	d->timer = timer_new(l, on_timer, d);
	return d;
}

void acme_driver_close(struct acme_driver *d)
{
	if (!d)
		return;
	http_ask_close(d->ask);
	timer_close(d->timer);
	tls_context_unref(d->tls);
	mem_free(d);
}

static void on_answer(void *owner, struct http_message *answer, int err, const char *detail)
{
	struct acme_driver *d = owner;
	d->ask = NULL;
	if (answer) {
		struct acme_client_answer a = {.status = http_message_head(answer)->status,
					       .nonce = http_message_header(answer, "Replay-Nonce"),
					       .location = http_message_header(answer, "Location"),
					       .retry_after =
						   http_message_header(answer, "Retry-After")};
		a.body = http_message_body(answer, &a.body_len);
		acme_client_answer(d->client, loop_wall_ms(), &a);
	} else {
		char *why = mem_printf("%s%s%s", err_text(err), *detail ? ": " : "", detail);
		acme_client_no_answer(d->client, loop_wall_ms(), why);
		mem_free(why);
	}
	d->fn(d->owner);
}

static void ask(struct acme_driver *d)
{
	struct acme_client_request r;
	struct http_url url;
	char headers[100] = "";
	acme_client_request(d->client, &r);
	if (http_url_parse(r.url, &url) != 0 || (url.tls && !d->tls)) {
		acme_client_no_answer(d->client, loop_wall_ms(), "its address cannot be used");
		return;
	}
	if (r.content_type)
		snprintf(headers, sizeof(headers), "Content-Type: %s\r\n", r.content_type);
	const struct http_question q = {.url = &url,
					.method = r.method,
					.headers = headers,
					.body = r.body,
					.body_len = r.body_len,
					.answer_max = ACME_CLIENT_ANSWER_MAX,
					.timeout_ms = TIMEOUT_MS,
					.tls = d->tls};
	d->ask = http_ask_start(d->loop, &q, on_answer, d);
}

enum acme_client_state acme_driver_look(struct acme_driver *d)
{
	enum acme_client_state state;
	if (d->ask && !acme_client_is_asking(d->client)) {
		http_ask_close(d->ask);
		d->ask = NULL;
	}
	while ((state = acme_client_look(d->client, loop_wall_ms())) == ACME_CLIENT_ASK)
		ask(d);
	timer_stop(d->timer);
	if (state == ACME_CLIENT_WAIT && !d->ask) {
		uint64_t now = loop_wall_ms(), wake = acme_client_wake_ms(d->client);
		uint64_t pause = wake > now ? wake - now : 0;
		timer_set(d->timer, pause < LOOK_MS ? pause : LOOK_MS);
	} else if (state == ACME_CLIENT_PUBLISH) {
		timer_set(d->timer, LOOK_MS);
	}
	return state;
}
