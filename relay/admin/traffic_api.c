/*
 * A question about traffic first has traffic_settle() collect the counts of all loops and write
 * them to the state file. Then traffic_report_write() reads the days from the file on the thread
 * pool, and on_report() answers. So the answer holds all bytes up to the question. One about rates
 * is answered at once, with the bytes that traffic.h has; it is some seconds old. A question about
 * requests asks the loops and answers.
 *
 * Ways to fail: 400 for a wrong date or word; 503 while QUESTIONS_MOST answers are under way, for
 * too many rows, and when the file cannot be read. When the counts cannot be written, the answer
 * has what the file has. A question whose listener has closed is freed at its next step.
 */
#include "relay/admin/traffic_api.h"

#include "relay/accounts/traffic_report.h"
#include "shared/base/list.h"
#include "shared/base/mem.h"

#include <string.h>

enum { QUESTIONS_MOST = 4 };

struct question {
	struct list node;        /* traffic_api.questions */
	struct traffic_api *api; /* NULL: the API has closed, and exchange is gone */
	struct http_exchange *exchange;
	struct traffic_report report;
	struct relay_config *config; /* a reference: the path of the report */
	struct buf accounts, out;
	const char *why; /* why there is no report; NULL: there is one */
};

struct traffic_api {
	struct loop *loop;
	struct traffic *traffic;
	struct traffic_api_calls calls;
	struct relay_config *config; /* a reference */
	struct list questions;
	unsigned question_count;
};

struct traffic_api *traffic_api_new(struct loop *l, struct traffic *traffic,
				    const struct traffic_api_calls *calls)
{
	struct traffic_api *a = mem_zalloc(sizeof *a);
	*a = (struct traffic_api){.loop = l, .traffic = traffic, .calls = *calls};
	list_init(&a->questions);
	return a;
}

void traffic_api_set(struct traffic_api *a, struct relay_config *config)
{
	relay_config_unref(a->config);
	a->config = relay_config_ref(config);
}

void traffic_api_close(struct traffic_api *a)
{
	if (!a)
		return;
	while (!list_is_empty(&a->questions)) {
		struct question *q = LIST_ENTRY(a->questions.next, struct question, node);
		list_remove(&q->node);
		q->api = NULL;
	}
	relay_config_unref(a->config);
	mem_free(a);
}

static struct question *question_new(struct traffic_api *a, struct http_exchange *x)
{
	if (a->question_count == QUESTIONS_MOST) {
		admin_answer_error(x, 503, "busy");
		return NULL;
	}
	struct question *q = mem_zalloc(sizeof *q);
	*q = (struct question){.api = a, .exchange = x, .config = relay_config_ref(a->config)};
	list_append(&a->questions, &q->node);
	a->question_count++;
	return q;
}

static void question_free(struct question *q)
{
	if (q->api)
		q->api->question_count--;
	list_remove(&q->node);
	relay_config_unref(q->config);
	buf_fini(&q->accounts);
	buf_fini(&q->out);
	mem_free(q);
}

/* --- traffic --- */

static void make_report(void *arg)
{
	struct question *q = arg;
	q->why = traffic_report_write(&q->report, &q->out);
}

static void on_report(void *arg)
{
	struct question *q = arg;
	if (q->api && q->why)
		admin_answer_error(q->exchange, 503, q->why);
	else if (q->api && q->report.csv)
		admin_answer_as(q->exchange, 200, "text/csv; charset=utf-8",
				"Content-Disposition: attachment; filename=\"traffic.csv\"\r\n",
				&q->out);
	else if (q->api)
		admin_answer(q->exchange, &q->out);
	question_free(q);
}

/* Reports also when the counts could not be written: from what the file has. */
static void on_settled(void *arg, bool written)
{
	struct question *q = arg;
	(void)written;
	if (!q->api) {
		question_free(q);
		return;
	}
	struct json w = json_into(&q->accounts, false);
	traffic_write_accounts(q->api->traffic, &w);
	q->report.path = q->config->state;
	q->report.accounts = &q->accounts;
	loop_work(q->api->loop, make_report, on_report, q);
}

static bool read_day(const struct admin_request *r, const char *key, int64_t *day)
{
	char text[32];
	admin_request_query(r, key, text, sizeof text);
	return !*text || quota_parse_date(text, day) == 0;
}

static bool read_by(const struct admin_request *r, enum traffic_report_by *by)
{
	static const char *const words[] = {"day", "account", "mapping"};
	char text[32];
	admin_request_query(r, "by", text, sizeof text);
	*by = TRAFFIC_BY_MAPPING;
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		*by = (enum traffic_report_by)i;
		return true;
	}
	return !*text;
}

void traffic_api_serve(struct traffic_api *a, const struct admin_request *r, bool csv)
{
	int64_t today = traffic_today(a->traffic);
	struct traffic_report report = {.from = quota_begin(today, 1), .to = today, .csv = csv};
	if (!read_day(r, "from", &report.from) || !read_day(r, "to", &report.to)) {
		admin_answer_error(r->exchange, 400, "from and to are dates such as 2026-11-30");
		return;
	}
	if (!read_by(r, &report.by)) {
		admin_answer_error(r->exchange, 400, "by is day, account or mapping");
		return;
	}
	admin_request_query(r, "account", report.account, sizeof report.account);
	admin_request_query(r, "mapping", report.mapping, sizeof report.mapping);
	struct question *q = question_new(a, r->exchange);
	if (!q)
		return;
	q->report = report;
	traffic_settle(a->traffic, on_settled, q);
}

void traffic_api_serve_rates(struct traffic_api *a, const struct admin_request *r)
{
	char account[TRAFFIC_NAME], agent[TRAFFIC_NAME], mapping[TRAFFIC_NAME];
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	admin_request_query(r, "account", account, sizeof account);
	admin_request_query(r, "agent", agent, sizeof agent);
	admin_request_query(r, "mapping", mapping, sizeof mapping);
	traffic_write_rates(a->traffic, account, agent, mapping, &w);
	admin_answer(r->exchange, &out);
	buf_fini(&out);
}

/* --- requests --- */

static void on_requests(void *arg, const struct buf *requests)
{
	struct question *q = arg;
	if (q->api) {
		struct json w = json_into(&q->out, false);
		json_open(&w, NULL, '{');
		json_bool(&w, "on", q->api->config->log_requests);
		json_raw(&w, "requests", (const char *)buf_data(requests), buf_len(requests));
		json_close(&w);
		admin_answer(q->exchange, &q->out);
	}
	question_free(q);
}

void traffic_api_serve_requests(struct traffic_api *a, const struct admin_request *r)
{
	char account[TRAFFIC_NAME];
	admin_request_query(r, "account", account, sizeof account);
	struct question *q = question_new(a, r->exchange);
	if (q)
		a->calls.ask_requests(a->calls.owner, account, on_requests, q);
}
