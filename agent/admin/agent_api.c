/*
 * For a change of a mapping, the body is read, the file is edited on the thread pool
 * (mapping_change.h), the agent reads the file again, and the request is answered and noted in the
 * audit log. The doctor also runs on the pool. All other routes answer at once.
 *
 * Ways to fail: 404 for an unknown mapping; 400 for wrong words; 409 when the file does not allow
 * the change or cannot be written, or the agent does not take it; 503 while another change, or
 * another doctor, is under way. When the listener closes, a job under way ends by itself and nobody
 * is answered.
 */
#include "agent/admin/agent_api.h"

#include "agent/admin/agent_web_files.h"
#include "agent/admin/mapping_change.h"
#include "agent/doctor.h"
#include "shared/admin/admin_server.h"
#include "shared/admin/live_status.h"
#include "shared/admin/metrics_text.h"
#include "shared/base/cli.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/listener_set.h"

#include <jansson.h>
#include <stdatomic.h>
#include <string.h>

/* A change or a doctor that runs on the pool. */
struct job {
	struct agent_api *api; /* NULL: the API has closed, and exchange is gone */
	struct http_exchange *exchange;
	struct admin_asker asker;
	enum mapping_change_act act;
	char *name, *before; /* the mapping's name, and the mapping as JSON or NULL */
	char *file;          /* for the doctor: the path of agent.json */
	struct buf found;    /* the doctor's list */
	atomic_bool enough;  /* nobody waits for it any more */
};

struct agent_api {
	struct loop *loop;
	struct agent_api_calls calls;
	const struct agent_config *config;
	struct admin_server *server;
	struct listener_set *listeners;
	struct live_status *live;
	struct job *change, *doctor;    /* under way, or NULL */
	char pin[TLS_CONTEXT_PIN_TEXT]; /* the certificate's pin that was last logged */
};

static struct job *job_new(struct agent_api *a, const struct admin_request *r)
{
	struct job *j = mem_zalloc(sizeof *j);
	*j = (struct job){.api = a, .exchange = r->exchange, .asker = r->asker};
	j->found = (struct buf)BUF_INIT;
	return j;
}

static void job_free(struct job *j)
{
	mem_free(j->name);
	mem_free(j->before);
	mem_free(j->file);
	buf_fini(&j->found);
	mem_free(j);
}

static const struct mapping *find(const struct agent_config *c, const char *name)
{
	for (size_t i = 0; i < c->mappings.count; i++)
		if (!strcmp(c->mappings.items[i].name, name))
			return &c->mappings.items[i];
	return NULL;
}

/* Returns the mapping as JSON; the caller frees it. NULL: there is none of that name. */
static char *mapping_text(const struct agent_config *c, const char *name)
{
	const struct mapping *m = find(c, name);
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	if (!m)
		return NULL;
	mapping_change_write(m, &w);
	char *text = mem_strdup(buf_str(&out));
	buf_fini(&out);
	return text;
}

/* --- mappings --- */

/* The file has been changed. error: why the agent does not take it up, or NULL. */
static void answer_change(struct agent_api *a, const struct job *j, const char *after,
			  const char *error)
{
	static const char *const acts[] = {"mapping_added", "mapping_changed", "mapping_removed"};
	admin_server_audit(a->server, &j->asker, acts[j->act], j->before, after);
	if (error) {
		char *why = mem_printf("it is in agent.json now, but not in force: %s", error);
		admin_answer_error(j->exchange, 409, why);
		mem_free(why);
		return;
	}
	struct buf out = BUF_INIT;
	buf_puts(&out, after ? after : "{}");
	admin_answer_status(j->exchange, j->act == MAPPING_CHANGE_ADD ? 201 : 200, &out);
	buf_fini(&out);
}

static void on_changed(void *owner, const struct mapping_change_result *r)
{
	struct job *j = owner;
	struct agent_api *a = j->api;
	if (a) {
		char *after = r->config ? mapping_text(r->config, j->name) : NULL;
		a->change = NULL;
		if (r->code)
			admin_answer_error(j->exchange, r->code == EXIT_USAGE ? 400 : 409, r->said);
		else
			answer_change(a, j, after, a->calls.reload(a->calls.owner));
		mem_free(after);
	}
	job_free(j);
}

static void change(struct agent_api *a, const struct admin_request *r, enum mapping_change_act act)
{
	bool add = act == MAPPING_CHANGE_ADD;
	if (!add && !find(a->config, r->rest)) {
		admin_answer_error(r->exchange, 404, "no mapping is called so");
		return;
	}
	if (a->change) {
		admin_answer_error(r->exchange, 503, "another change is under way");
		return;
	}
	struct mapping_change *c = mapping_change_read(r, act, add ? NULL : r->rest);
	if (!c)
		return;
	struct job *j = job_new(a, r);
	j->act = act;
	j->name = mem_strdup(mapping_change_name(c));
	j->before = mapping_text(a->config, j->name);
	a->change = j;
	mapping_change_start(c, a->loop, a->config->file, on_changed, j);
}

static void add_mapping(void *owner, const struct admin_request *r)
{
	change(owner, r, MAPPING_CHANGE_ADD);
}

static void edit_mapping(void *owner, const struct admin_request *r)
{
	change(owner, r, MAPPING_CHANGE_EDIT);
}

static void remove_mapping(void *owner, const struct admin_request *r)
{
	change(owner, r, MAPPING_CHANGE_REMOVE);
}

static void list_mappings(void *owner, const struct admin_request *r)
{
	const struct agent_api *a = owner;
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	json_open(&w, "mappings", '[');
	for (size_t i = 0; i < a->config->mappings.count; i++)
		mapping_change_write(&a->config->mappings.items[i], &w);
	json_close(&w);
	json_close(&w);
	admin_answer(r->exchange, &out);
	buf_fini(&out);
}

/* --- other routes --- */

static void show_status(void *owner, const struct admin_request *r)
{
	const struct agent_api *a = owner;
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	a->calls.write_status(a->calls.owner, &w);
	admin_answer(r->exchange, &out);
	buf_fini(&out);
}

/* The status is as one of the agents in the status of a relay. */
static bool write_metrics(const struct agent_api *a, struct buf *out)
{
	struct buf text = BUF_INIT;
	struct json w = json_into(&text, false);
	a->calls.write_status(a->calls.owner, &w);
	json_t *agents = json_array(),
	       *status = json_loadb((const char *)buf_data(&text), buf_len(&text), 0, NULL);
	bool ok = json_array_append_new(agents, status) == 0;
	if (ok) {
		metrics_text_one(out, "groundnut_uptime_seconds", "Since the agent began.",
				 metrics_text_number(status, "uptime_s"));
		metrics_text_agents(out, agents);
	}
	json_decref(agents);
	buf_fini(&text);
	return ok;
}

static void show_metrics(void *owner, const struct admin_request *r)
{
	struct buf out = BUF_INIT;
	if (write_metrics(owner, &out))
		http_answer(r->exchange, 200, "text/plain; version=0.0.4", NULL, buf_data(&out),
			    buf_len(&out));
	else
		http_answer(r->exchange, 503, "text/plain", NULL, "no status\n", 10);
	buf_fini(&out);
}

static void list_certificates(void *owner, const struct admin_request *r)
{
	const struct agent_api *a = owner;
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	json_open(&w, "certificates", '[');
	a->calls.write_certificates(a->calls.owner, &w);
	json_close(&w);
	json_close(&w);
	admin_answer(r->exchange, &out);
	buf_fini(&out);
}

static void renew_certificate(void *owner, const struct admin_request *r)
{
	const struct agent_api *a = owner;
	const char *why = find(a->config, r->rest) ? a->calls.renew(a->calls.owner, r->rest) : "";
	struct buf out = BUF_INIT;
	if (why) {
		admin_answer_error(r->exchange, *why ? 409 : 404,
				   *why ? why : "no mapping is called so");
		return;
	}
	admin_server_audit(a->server, &r->asker, "certificate_ordered", NULL, r->rest);
	buf_puts(&out, "{}");
	admin_answer(r->exchange, &out);
	buf_fini(&out);
}

static void list_requests(void *owner, const struct admin_request *r)
{
	const struct agent_api *a = owner;
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	a->calls.write_requests(a->calls.owner, &w);
	json_close(&w);
	admin_answer(r->exchange, &out);
	buf_fini(&out);
}

static void list_visitors(void *owner, const struct admin_request *r)
{
	const struct agent_api *a = owner;
	char mapping[ADMIN_REST];
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	admin_request_query(r, "mapping", mapping, sizeof mapping);
	json_open(&w, NULL, '{');
	json_open(&w, "visitors", '[');
	uint64_t total = a->calls.write_visitors(a->calls.owner, mapping, &w);
	json_close(&w);
	json_uint(&w, "total", total);
	json_close(&w);
	admin_answer(r->exchange, &out);
	buf_fini(&out);
}

static void cut_visitor(void *owner, const struct admin_request *r)
{
	struct agent_api *a = owner;
	char id[ADMIN_REST];
	char *end = strchr(memcpy(id, r->rest, sizeof id), '/');
	uint64_t number = 0;
	struct buf was = BUF_INIT, out = BUF_INIT;
	struct json w = json_into(&was, false);
	if (end)
		*end = '\0';
	if (!end || strcmp(end + 1, "cut") != 0 || text_uint(id, INT64_MAX, &number) < 0 ||
	    !a->calls.cut_visitor(a->calls.owner, number, &w)) {
		admin_answer_error(r->exchange, 404, "there is no such visitor");
	} else {
		admin_server_audit(a->server, &r->asker, "visitor_cut", buf_str(&was), NULL);
		buf_puts(&out, "{}");
		admin_answer(r->exchange, &out);
	}
	buf_fini(&was);
	buf_fini(&out);
}

static void listen_to_events(void *owner, const struct admin_request *r)
{
	live_status_add(((struct agent_api *)owner)->live, r);
}

static void run_doctor(void *arg)
{
	struct job *j = arg;
	doctor_write(j->file, &j->enough, &j->found);
}

static void on_doctor(void *arg)
{
	struct job *j = arg;
	if (j->api) {
		j->api->doctor = NULL;
		admin_answer(j->exchange, &j->found);
	}
	job_free(j);
}

static void ask_doctor(void *owner, const struct admin_request *r)
{
	struct agent_api *a = owner;
	if (a->doctor) {
		admin_answer_error(r->exchange, 503, "the doctor is looking already");
		return;
	}
	a->doctor = job_new(a, r);
	a->doctor->file = mem_strdup(a->config->file);
	loop_work(a->loop, run_doctor, on_doctor, a->doctor);
}

static const struct admin_route routes[] = {
    {"GET", "/metrics", ADMIN_METRICS, show_metrics},
    {"GET", "/api/v1/status", ADMIN_READS, show_status},
    {"GET", "/api/v1/mappings", ADMIN_READS, list_mappings},
    {"POST", "/api/v1/mappings", ADMIN_WRITES, add_mapping},
    {"PATCH", "/api/v1/mappings/", ADMIN_WRITES, edit_mapping},
    {"DELETE", "/api/v1/mappings/", ADMIN_WRITES, remove_mapping},
    {"GET", "/api/v1/certificates", ADMIN_READS, list_certificates},
    {"POST", "/api/v1/certificates/", ADMIN_WRITES, renew_certificate},
    {"GET", "/api/v1/requests", ADMIN_READS, list_requests},
    {"GET", "/api/v1/visitors", ADMIN_READS, list_visitors},
    {"POST", "/api/v1/visitors/", ADMIN_WRITES, cut_visitor},
    {"GET", "/api/v1/doctor", ADMIN_READS, ask_doctor},
    {"GET", "/api/v1/events", ADMIN_READS, listen_to_events},
    {0},
};

/* --- listeners and their pair --- */

/* Makes and writes a certificate and its key. 0, or a negative error that is logged. */
static int make_pair(const struct agent_config *c, const char *certificate, const char *key)
{
	char *texts[2] = {NULL, NULL}, ip[8][ADDR_TEXT];
	const char *names[8 + 2] = {"localhost"};
	const struct admin_config *a = &c->admin;
	for (size_t i = 0; i < a->listen_count && i < 8; i++)
		names[i + 1] = addr_ip_text(&a->listen[i], ip[i]);
	int err = tls_context_make_self_signed(names, &texts[0], &texts[1]);
	if (!err)
		err = file_make_dirs(c->state, 0700);
	if (!err)
		err = file_replace(key, texts[1], strlen(texts[1]), 0600, false);
	if (!err)
		err = file_replace(certificate, texts[0], strlen(texts[0]), 0600, false);
	if (texts[1])
		mem_wipe(texts[1], strlen(texts[1]));
	mem_free(texts[0]);
	mem_free(texts[1]);
	if (err)
		log_error("admin_certificate_not_made", "state=%s why=%s", c->state, err_text(err));
	return err;
}

static void load_pair(struct agent_api *a)
{
	char *certificate = mem_printf("%s/admin.crt", a->config->state),
	     *key = mem_printf("%s/admin.key", a->config->state), *why = NULL;
	char pin[TLS_CONTEXT_PIN_TEXT] = "";
	struct tls_context *tls = NULL;
	bool there = file_exists(certificate) && file_exists(key);
	if (there || make_pair(a->config, certificate, key) == 0)
		tls = tls_context_server_new(certificate, key, NULL, true, &why);
	if (tls && tls_context_pin_of_certificate(certificate, pin, &why) == 0) {
		admin_server_set_tls(a->server, tls);
		if (strcmp(pin, a->pin) != 0)
			log_info("admin_certificate", "file=%s pin=%s", certificate, pin);
		memcpy(a->pin, pin, sizeof a->pin);
	} else if (why) {
		log_error("admin_certificate_not_taken", "why=%s", why);
	}
	tls_context_unref(tls);
	mem_free(why);
	mem_free(certificate);
	mem_free(key);
}

static bool wants_pair(const struct admin_config *c)
{
	for (size_t i = 0; i < c->listen_count; i++)
		if (!addr_is_loopback(&c->listen[i]))
			return true;
	return false;
}

void agent_api_set(struct agent_api *a, const struct agent_config *config)
{
	const struct admin_config *c = &config->admin;
	struct listener_set_entry *list = mem_zalloc((c->listen_count + 1) * sizeof *list);
	a->config = config;
	admin_server_set(a->server, c);
	if (wants_pair(c))
		load_pair(a);
	for (size_t i = 0; i < c->listen_count; i++)
		list[i] = (struct listener_set_entry){.at = c->listen[i],
						      .what = "admin",
						      .fn = addr_is_loopback(&c->listen[i])
								? admin_server_accept_plain
								: admin_server_accept_tls,
						      .owner = a->server};
	listener_set_set(a->listeners, list, c->listen_count);
	mem_free(list);
}

static void on_retried(void *owner)
{
	(void)owner;
}

/* The live_status_ask_fn; it answers at once. */
static void ask_live(void *owner, live_status_fn *fn, void *arg)
{
	const struct agent_api *a = owner;
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	a->calls.write_status(a->calls.owner, &w);
	fn(arg, &out);
	buf_fini(&out);
}

struct agent_api *agent_api_new(struct loop *l, const struct agent_api_calls *calls,
				struct event_hub *events)
{
	struct agent_api *a = mem_zalloc(sizeof *a);
	const struct admin_program program = {.name = "agent",
					      .routes = routes,
					      .openapi = &agent_web_files_openapi,
					      .files = agent_web_files_list,
					      .owner = a,
					      .events = events};
	a->loop = l;
	a->calls = *calls;
	a->server = admin_server_new(l, &program);
	a->live = live_status_new(l, admin_server_listeners(a->server), events, ask_live, a);
	a->listeners = listener_set_new(l, file_limit_for_links(), on_retried, a);
	return a;
}

char *agent_api_link(struct agent_api *a)
{
	return admin_server_link(a->server, NULL);
}

void agent_api_close(struct agent_api *a)
{
	if (!a)
		return;
	if (a->change)
		a->change->api = NULL;
	if (a->doctor) {
		atomic_store(&a->doctor->enough, true);
		a->doctor->api = NULL;
	}
	listener_set_close(a->listeners);
	live_status_close(a->live);
	admin_server_close(a->server);
	mem_free(a);
}
