#include "shared/net/web_client.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/http_client.h"
#include "shared/net/timer.h"

#include <stdio.h>
#include <string.h>

enum { TIMEOUT_MS = 30000, REASON = 400 };

struct web_client {
	struct loop *loop;
	char *url, *name;
	size_t answer_max;
	struct tls_context *tls; /* NULL: the URL is plain, or there is a trouble */
	char *trouble;           /* why the TLS context cannot be made, or NULL */
	web_client_fn *fn;
	void *owner;
	struct http_ask *ask;   /* the question under way, or NULL */
	struct timer *hopeless; /* answers from the loop a question that cannot be asked */
};

static void on_answer(void *owner, struct http_message *answer, int err, const char *detail)
{
	struct web_client *c = owner;
	char reason[REASON];
	c->ask = NULL;
	snprintf(reason, sizeof(reason), "%s: %s%s%s", c->name, err_text(err), *detail ? ": " : "",
		 detail);
	c->fn(c->owner, answer, answer ? NULL : reason);
}

static void on_hopeless(void *owner)
{
	struct web_client *c = owner;
	c->fn(c->owner, NULL, c->trouble ? c->trouble : "its address cannot be used");
}

struct web_client *web_client_new(struct loop *l, const struct web_client_service *service,
				  web_client_fn *fn, void *owner)
{
	struct web_client *c = mem_zalloc(sizeof(*c));
	c->loop = l;
	c->url = mem_strdup(service->url);
	c->name = mem_strdup(service->name);
	c->answer_max = service->answer_max;
	c->fn = fn;
	c->owner = owner;
	c->hopeless = timer_new(l, on_hopeless, c);
	if (strncmp(c->url, "https:", 6) == 0)
		c->tls = tls_context_client_new(NULL, service->ca_file, NULL, true, &c->trouble);
	return c;
}

void web_client_ask(struct web_client *c, const char *method, const char *path, const char *headers,
		    const struct buf *body)
{
	struct http_url url;
	char *text = mem_printf("%s%s", c->url, path);
	int err = http_url_parse(text, &url);
	mem_free(text);
	if (err < 0 || (url.tls && !c->tls)) {
		timer_set(c->hopeless, 0);
		return;
	}
	const struct http_question q = {.url = &url,
					.method = method,
					.headers = headers,
					.body = body ? buf_data(body) : NULL,
					.body_len = body ? buf_len(body) : 0,
					.answer_max = c->answer_max,
					.timeout_ms = TIMEOUT_MS,
					.tls = c->tls};
	c->ask = http_ask_start(c->loop, &q, on_answer, c);
}

void web_client_close(struct web_client *c)
{
	if (!c)
		return;
	http_ask_close(c->ask);
	timer_close(c->hopeless);
	tls_context_unref(c->tls);
	mem_free(c->trouble);
	mem_free(c->url);
	mem_free(c->name);
	mem_free(c);
}
