/*
 * A question about the status asks all loops for their agents; on_agents() writes the status and
 * answers. Metrics are made from the status on the thread pool, because with a thousand homes that
 * takes longer than one turn of the loop may take. The other routes answer at once or pass the
 * request on to traffic_api, accounts_api or live_status.
 *
 * Ways to fail: 503 while QUESTIONS_MOST answers are under way. A question whose server has closed
 * is freed when its agents come, and nobody is answered.
 */
#include "relay/admin/relay_api.h"

#include "relay/admin/metrics.h"
#include "relay/admin/relay_web_files.h"
#include "shared/admin/live_status.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <string.h>

enum { QUESTIONS_MOST = 16 };

/* An answer that waits for the loops, and then perhaps for the pool. */
struct question {
	struct list node;      /* of the questions of api */
	struct relay_api *api; /* NULL: the API has closed, and exchange is gone */
	struct http_exchange *exchange;
	live_status_fn *live; /* live_status asks: it gets the answer, and exchange is NULL */
	void *live_arg;
	struct admin_asker asker; /* who cuts a visitor off */
	bool metrics;
	struct buf status, text; /* the status as JSON; the metrics made of it on the pool */
	bool made;               /* text is whole */
};

struct relay_api {
	struct loop *loop;
	struct relay_api_calls calls;
	struct relay_config *config; /* a reference: the server reads it */
	struct admin_server *server;
	struct traffic_api *traffic;
	struct tls_context *automatic; /* a CA's certificate, or NULL */
	struct accounts_api *accounts;
	struct list questions;
	unsigned question_count;
	struct live_status *live;
};

static void question_free(struct question *q)
{
	if (q->api)
		q->api->question_count--;
	list_remove(&q->node);
	buf_fini(&q->status);
	buf_fini(&q->text);
	mem_free(q);
}

static void make_metrics(void *arg)
{
	struct question *q = arg;
	q->made = metrics_write((const char *)buf_data(&q->status), buf_len(&q->status), &q->text);
}

static void on_metrics(void *arg)
{
	struct question *q = arg;
	if (q->api && q->made)
		admin_answer_as(q->exchange, 200, "text/plain; version=0.0.4", "", &q->text);
	else if (q->api)
		admin_answer_error(q->exchange, 503, "no status");
	question_free(q);
}

static void on_agents(void *arg, const struct buf *agents)
{
	struct question *q = arg;
	struct relay_api *a = q->api;
	struct json w = json_into(&q->status, false);
	if (a)
		a->calls.write_status(a->calls.owner, agents, &w);
	if (q->live)
		q->live(q->live_arg, &q->status);
	if (q->live || !a) {
		question_free(q);
		return;
	}
	if (q->metrics) {
		loop_work(a->loop, make_metrics, on_metrics, q);
		return;
	}
	admin_answer(q->exchange, &q->status);
	question_free(q);
}

static struct question *question_new(struct relay_api *a)
{
	struct question *q = mem_zalloc(sizeof *q);
	q->api = a;
	q->status = q->text = (struct buf)BUF_INIT;
	list_append(&a->questions, &q->node);
	a->question_count++;
	return q;
}

static void ask_live(void *owner, live_status_fn *fn, void *arg)
{
	struct relay_api *a = owner;
	struct question *q = question_new(a);
	q->live = fn;
	q->live_arg = arg;
	a->calls.ask_agents(a->calls.owner, on_agents, q);
}

/* NULL: 503 is answered. */
static struct question *question_of(struct relay_api *a, const struct admin_request *r)
{
	if (a->question_count >= QUESTIONS_MOST) { /* this counts those of ask_live(), too */
		admin_answer_error(r->exchange, 503, "busy");
		return NULL;
	}
	struct question *q = question_new(a);
	q->exchange = r->exchange;
	q->asker = r->asker;
	return q;
}

static void ask(struct relay_api *a, const struct admin_request *r, bool metrics)
{
	struct question *q = question_of(a, r);
	if (!q)
		return;
	q->metrics = metrics;
	a->calls.ask_agents(a->calls.owner, on_agents, q);
}

static void serve_metrics(void *owner, const struct admin_request *r)
{
	ask(owner, r, true);
}

static void serve_status(void *owner, const struct admin_request *r)
{
	ask(owner, r, false);
}

static void serve_names(void *owner, const struct admin_request *r)
{
	struct relay_api *a = owner;
	char after[32], name[256];
	uint64_t id = 0;
	admin_request_query(r, "after", after, sizeof after);
	admin_request_query(r, "name", name, sizeof name);
	if (*after && text_uint(after, INT64_MAX, &id) < 0) {
		admin_answer_error(r->exchange, 400, "after is no number");
		return;
	}
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	a->calls.write_names(a->calls.owner, id, name, &w);
	json_close(&w);
	admin_answer(r->exchange, &out);
	buf_fini(&out);
}

static void serve_traffic(void *owner, const struct admin_request *r)
{
	traffic_api_serve(((struct relay_api *)owner)->traffic, r, false);
}

static void serve_traffic_csv(void *owner, const struct admin_request *r)
{
	traffic_api_serve(((struct relay_api *)owner)->traffic, r, true);
}

static void serve_rates(void *owner, const struct admin_request *r)
{
	traffic_api_serve_rates(((struct relay_api *)owner)->traffic, r);
}

static void serve_requests(void *owner, const struct admin_request *r)
{
	traffic_api_serve_requests(((struct relay_api *)owner)->traffic, r);
}

/* --- visitors --- */

static void read_wish(const struct admin_request *r, struct live_visitors_wish *wish)
{
	*wish = (struct live_visitors_wish){.id = 0};
	admin_request_query(r, "account", wish->account, sizeof wish->account);
	admin_request_query(r, "agent", wish->agent, sizeof wish->agent);
	admin_request_query(r, "mapping", wish->mapping, sizeof wish->mapping);
}

static void on_visitors(void *arg, const struct buf *visitors, uint64_t total)
{
	struct question *q = arg;
	if (q->api) {
		struct json w = json_into(&q->text, false);
		json_open(&w, NULL, '{');
		json_uint(&w, "total", total);
		json_raw(&w, "visitors", (const char *)buf_data(visitors), buf_len(visitors));
		json_close(&w);
		admin_answer(q->exchange, &q->text);
	}
	question_free(q);
}

static void serve_visitors(void *owner, const struct admin_request *r)
{
	struct relay_api *a = owner;
	struct live_visitors_wish wish;
	struct question *q = question_of(a, r);
	read_wish(r, &wish);
	if (q)
		a->calls.ask_visitors(a->calls.owner, &wish, on_visitors, q);
}

/* visitors: an array with the one that was cut off, as it was before; or an empty one. */
static void on_cut(void *arg, const struct buf *visitors, uint64_t total)
{
	struct question *q = arg;
	if (q->api && !total) {
		admin_answer_error(q->exchange, 404, "there is no such visitor");
	} else if (q->api) {
		char *was = mem_printf("%.*s", (int)buf_len(visitors) - 2,
				       (const char *)buf_data(visitors) + 1);
		admin_server_audit(q->api->server, &q->asker, "visitor_cut", was, NULL);
		mem_free(was);
		buf_puts(&q->text, "{}");
		admin_answer(q->exchange, &q->text);
	}
	question_free(q);
}

static void cut_visitor(void *owner, const struct admin_request *r)
{
	struct relay_api *a = owner;
	struct live_visitors_wish wish;
	char id[ADMIN_REST];
	char *end = strchr(memcpy(id, r->rest, sizeof id), '/');
	read_wish(r, &wish);
	if (!end || strcmp(end, "/cut") != 0) {
		admin_answer_error(r->exchange, 404, "not found");
		return;
	}
	*end = '\0';
	if (text_uint(id, INT64_MAX, &wish.id) < 0 || !wish.id) {
		admin_answer_error(r->exchange, 404, "there is no such visitor");
		return;
	}
	struct question *q = question_of(a, r);
	if (q)
		a->calls.ask_visitors(a->calls.owner, &wish, on_cut, q);
}

static void serve_events(void *owner, const struct admin_request *r)
{
	live_status_add(((struct relay_api *)owner)->live, r);
}

static void serve_accounts(void *owner, const struct admin_request *r)
{
	accounts_api_list(((struct relay_api *)owner)->accounts, r);
}

static void add_account(void *owner, const struct admin_request *r)
{
	accounts_api_add(((struct relay_api *)owner)->accounts, r);
}

static void change_account(void *owner, const struct admin_request *r)
{
	accounts_api_change(((struct relay_api *)owner)->accounts, r);
}

static void remove_account(void *owner, const struct admin_request *r)
{
	accounts_api_remove(((struct relay_api *)owner)->accounts, r);
}

static void act_on_account(void *owner, const struct admin_request *r)
{
	accounts_api_act(((struct relay_api *)owner)->accounts, r);
}

static void cut_agent(void *owner, const struct admin_request *r)
{
	accounts_api_cut(((struct relay_api *)owner)->accounts, r);
}

static const struct admin_route routes[] = {
    {"GET", "/metrics", ADMIN_METRICS, serve_metrics},
    {"GET", "/api/v1/status", ADMIN_READS, serve_status},
    {"GET", "/api/v1/names", ADMIN_READS, serve_names},
    {"GET", "/api/v1/traffic", ADMIN_READS, serve_traffic},
    {"GET", "/api/v1/traffic.csv", ADMIN_READS, serve_traffic_csv},
    {"GET", "/api/v1/rates", ADMIN_READS, serve_rates},
    {"GET", "/api/v1/requests", ADMIN_READS, serve_requests},
    {"GET", "/api/v1/visitors", ADMIN_READS, serve_visitors},
    {"POST", "/api/v1/visitors/", ADMIN_WRITES, cut_visitor},
    {"GET", "/api/v1/events", ADMIN_READS, serve_events},
    {"GET", "/api/v1/accounts", ADMIN_READS, serve_accounts},
    {"POST", "/api/v1/accounts", ADMIN_WRITES, add_account},
    {"PATCH", "/api/v1/accounts/", ADMIN_WRITES, change_account},
    {"DELETE", "/api/v1/accounts/", ADMIN_WRITES, remove_account},
    {"POST", "/api/v1/accounts/", ADMIN_WRITES, act_on_account},
    {"POST", "/api/v1/agents/", ADMIN_WRITES, cut_agent},
    {0},
};

struct relay_api *relay_api_new(struct loop *l, const struct relay_api_calls *calls,
				struct event_hub *events)
{
	struct relay_api *a = mem_zalloc(sizeof *a);
	const struct admin_program program = {.name = "relay",
					      .routes = routes,
					      .openapi = &relay_web_files_openapi,
					      .files = relay_web_files_list,
					      .owner = a,
					      .events = events};
	a->loop = l;
	a->calls = *calls;
	list_init(&a->questions);
	a->server = admin_server_new(l, &program);
	a->traffic = traffic_api_new(l, calls->traffic, &calls->traffic_calls);
	a->live = live_status_new(l, admin_server_listeners(a->server), events, ask_live, a);
	a->accounts = accounts_api_new(l, &calls->accounts, a->server);
	return a;
}

static void load_certificate(struct relay_api *a)
{
	const struct relay_config *c = a->config;
	const struct certificate_config *own = &c->admin_certificate;
	char *why = NULL;
	if (own->automatic && a->automatic) {
		admin_server_set_tls(a->server, a->automatic);
		return;
	}
	struct tls_context *tls =
	    tls_context_server_new(own->file ? own->file : c->certificate,
				   own->file ? own->private_key : c->private_key, NULL, true, &why);
	if (tls)
		admin_server_set_tls(a->server, tls);
	else
		log_error("admin_certificate_not_taken", "reason=%s", why ? why : "unknown");
	tls_context_unref(tls);
	mem_free(why);
}

void relay_api_set(struct relay_api *a, struct relay_config *config)
{
	admin_server_set(a->server, &config->admin);
	traffic_api_set(a->traffic, config);
	relay_config_unref(a->config);
	a->config = relay_config_ref(config);
	accounts_api_set(a->accounts, config);
	if (config->admin.on)
		load_certificate(a);
}

void relay_api_set_certificate(struct relay_api *a, struct tls_context *tls)
{
	tls_context_unref(a->automatic);
	a->automatic = tls ? tls_context_ref(tls) : NULL;
	if (a->config->admin.on)
		load_certificate(a);
}

struct admin_server *relay_api_server(const struct relay_api *a)
{
	return a->server;
}

void relay_api_close(struct relay_api *a)
{
	if (!a)
		return;
	while (!list_is_empty(&a->questions)) {
		struct question *q = LIST_ENTRY(a->questions.next, struct question, node);
		list_remove(&q->node);
		q->api = NULL;
	}
	traffic_api_close(a->traffic);
	live_status_close(a->live);
	accounts_api_close(a->accounts);
	admin_server_close(a->server);
	tls_context_unref(a->automatic);
	relay_config_unref(a->config);
	mem_free(a);
}
