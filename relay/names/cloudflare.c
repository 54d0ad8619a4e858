/*
 * A job asks which records the name has, and from these and the wanted ones derives steps: change
 * one that is there, add one that is missing, delete one too many. The steps are taken one at a
 * time, the first that fails ends the job; what is there is asked again the next time, so a job cut
 * short does no harm. The zone's id is asked for once.
 */
#include "relay/names/cloudflare.h"

#include "relay/names/zone.h"
#include "shared/base/conf.h"
#include "shared/base/err.h"
#include "shared/base/json.h"
#include "shared/base/mem.h"
#include "shared/net/http_client.h"
#include "shared/net/timer.h"

#include <stdio.h>
#include <string.h>

enum {
	ANSWER_MAX = 1 << 20,
	TIMEOUT_MS = 30000,
	DENIED_MS = 5 * 60000,
	STEPS = 64,
	PAGE = 100, /* records that an answer holds at most */
	ID = 64,
	REASON = 400
};

enum doing { ASK_ZONE, ASK_RECORDS, STEP };

struct step {
	char method[8];    /* POST, PATCH or DELETE */
	char id[ID + 1];   /* of the record there; "" for POST */
	struct addr value; /* not for DELETE */
};

struct cloudflare {
	struct loop *loop;
	char *zone, *api, *headers; /* headers: with the token */
	struct tls_context *tls;
	char *tls_trouble;
	publish_done_fn *done;
	void *owner;
	struct timer *soon; /* tells what needs no asking, from the loop */
	const char *soon_reason;
	struct http_ask *ask; /* under way, or NULL */
	enum doing doing;
	char zone_id[ID + 1];   /* "" before it is known */
	struct publish_job job; /* its name stays valid until done */
	struct step steps[STEPS];
	size_t step_count, step;
	bool more; /* has to be done than these steps, or may have to */
};

static void go_on(struct cloudflare *c);

static void on_soon(void *owner)
{
	struct cloudflare *c = owner;
	c->done(c->owner, PUBLISH_LATER, 0, c->soon_reason);
}

/* What the API says is wrong, in its own words. */
static void explain(struct conf_at root, unsigned status, char reason[REASON])
{
	struct conf_at errors = conf_list(root, "errors"),
		       first = conf_len(errors) ? conf_item(errors, 0) : (struct conf_at){0};
	const char *message = NULL;
	if (first.value)
		conf_opt_str(first, "message", &message);
	snprintf(reason, REASON, "Cloudflare answered %u%s%.200s", status, message ? ": " : "",
		 message ? message : "");
}

static void give_up(struct cloudflare *c, unsigned status, const char *reason)
{
	if (status == 401 || status == 403 || status == 429)
		c->done(c->owner, PUBLISH_LATER, DENIED_MS, reason);
	else if (status >= 500 || status < 400)
		c->done(c->owner, PUBLISH_LATER, 0, reason);
	else
		c->done(c->owner, PUBLISH_REFUSED, 0, reason);
}

static bool is_id(const char *text)
{
	size_t len = strlen(text);
	return len > 0 && len <= ID &&
	       strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") ==
		   len;
}

/* false: there is no such zone. */
static bool take_zone(struct cloudflare *c, struct conf_at result)
{
	const char *id = NULL;
	struct conf_at first = conf_len(result) ? conf_item(result, 0) : (struct conf_at){0};
	if (!first.value || !conf_opt_str(first, "id", &id) || !id || !is_id(id))
		return false;
	snprintf(c->zone_id, sizeof(c->zone_id), "%s", id);
	return true;
}

static void add_step(struct cloudflare *c, const char *method, const char *id,
		     const struct addr *value)
{
	if (c->step_count == STEPS) {
		c->more = true;
		return;
	}
	struct step *s = &c->steps[c->step_count++];
	snprintf(s->method, sizeof(s->method), "%s", method);
	snprintf(s->id, sizeof(s->id), "%s", id);
	s->value = value ? *value : (struct addr){0};
}

/* One family: records that are there and wanted stay, the others are given the missing values, what
 * is left is deleted or added. */
static void plan_family(struct cloudflare *c, struct conf_at result, unsigned which)
{
	const struct publish_set *set = &c->job.sets[which];
	bool there[PUBLISH_ADDRESSES] = {false};
	struct conf_at spare[STEPS];
	size_t spares = 0, used = 0;
	for (size_t i = 0; i < conf_len(result); i++) {
		struct conf_at at = conf_item(result, i);
		const char *type = "", *content = "", *id = "";
		struct addr a;
		if (!at.value || !conf_opt_str(at, "type", &type) ||
		    !conf_opt_str(at, "content", &content) || !conf_opt_str(at, "id", &id))
			continue;
		if (strcmp(type, which ? "AAAA" : "A") != 0 || !is_id(id))
			continue;
		bool kept = false;
		for (size_t k = 0; !kept && k < set->count; k++)
			if (!there[k] && addr_parse_ip(content, &a) == 0 &&
			    addr_equal_ip(&a, &set->list[k]))
				kept = there[k] = true;
		if (!kept && spares < STEPS)
			spare[spares++] = at;
		else if (!kept)
			c->more = true;
	}
	for (size_t k = 0; k < set->count; k++) {
		const char *id = "";
		if (there[k])
			continue;
		if (used < spares)
			conf_opt_str(spare[used++], "id", &id);
		add_step(c, *id ? "PATCH" : "POST", id, &set->list[k]);
	}
	while (used < spares) {
		const char *id = "";
		conf_opt_str(spare[used++], "id", &id);
		add_step(c, "DELETE", id, NULL);
	}
}

static void plan(struct cloudflare *c, struct conf_at result)
{
	c->step_count = c->step = 0;
	c->more = conf_len(result) >= PAGE;
	for (unsigned which = 0; which < 2; which++)
		if (c->job.sets[which].due)
			plan_family(c, result, which);
	c->doing = STEP;
}

/* What a success brings; wrong in root when it is not what was asked for. false: there is no such
 * zone. */
static bool take(struct cloudflare *c, struct conf_at root)
{
	if (c->doing == STEP) {
		c->step++;
		return true;
	}
	struct conf_at result = conf_list(root, "result");
	if (!result.value)
		conf_error(root, "result", "missing");
	if (c->doing == ASK_ZONE)
		return take_zone(c, result);
	plan(c, result);
	return true;
}

static void judge(struct cloudflare *c, struct http_message *answer)
{
	char reason[REASON];
	size_t len;
	const char *body = http_message_body(answer, &len);
	unsigned status = http_message_head(answer)->status;
	struct conf *json = conf_parse("answer", body, len, true);
	struct conf_at root = conf_root(json);
	bool success = false;
	if (root.value)
		conf_opt_bool(root, "success", &success);
	if (!success || status >= 300) {
		if (root.value)
			explain(root, status, reason);
		else
			snprintf(reason, sizeof(reason),
				 "Cloudflare answered %u and nothing that can be read", status);
		conf_free(json);
		c->zone_id[0] = 0; /* it may be another one by now */
		give_up(c, status, reason);
		return;
	}
	bool went_well = take(c, root);
	bool readable = conf_ok(root);
	if (!readable)
		snprintf(reason, sizeof(reason), "Cloudflare's %.300s", conf_error_text(json, 0));
	else if (!went_well)
		snprintf(reason, sizeof(reason), "Cloudflare shows this token no zone %s", c->zone);
	conf_free(json);
	if (readable && went_well)
		go_on(c);
	else
		c->done(c->owner, PUBLISH_LATER, readable ? DENIED_MS : 0, reason);
}

static void on_answer(void *owner, struct http_message *answer, int err, const char *detail)
{
	struct cloudflare *c = owner;
	char reason[REASON];
	c->ask = NULL;
	if (answer) {
		judge(c, answer);
		return;
	}
	snprintf(reason, sizeof(reason), "%s: %s%s%s", c->api, err_text(err), *detail ? ": " : "",
		 detail);
	c->done(c->owner, PUBLISH_LATER, 0, reason);
}

static void ask(struct cloudflare *c, const char *method, const char *path, const struct buf *body)
{
	struct http_url url;
	char *text = mem_printf("%s%s", c->api, path);
	int err = http_url_parse(text, &url);
	mem_free(text);
	if (err < 0 || (url.tls && !c->tls)) {
		c->soon_reason =
		    c->tls_trouble ? c->tls_trouble : "the address of the API cannot be used";
		timer_set(c->soon, 0);
		return;
	}
	const struct http_question q = {.url = &url,
					.method = method,
					.headers = c->headers,
					.body = body ? buf_data(body) : NULL,
					.body_len = body ? buf_len(body) : 0,
					.answer_max = ANSWER_MAX,
					.timeout_ms = TIMEOUT_MS,
					.tls = c->tls};
	c->ask = http_ask_start(c->loop, &q, on_answer, c);
}

static void take_step(struct cloudflare *c)
{
	const struct step *s = &c->steps[c->step];
	char *path =
	    mem_printf("/zones/%s/dns_records%s%s", c->zone_id, s->id[0] ? "/" : "", s->id);
	if (strcmp(s->method, "DELETE") == 0) {
		ask(c, s->method, path, NULL);
	} else {
		struct buf body = BUF_INIT;
		char ip[ADDR_TEXT];
		struct json w = json_into(&body, false);
		json_open(&w, NULL, '{');
		json_str(&w, "type", s->value.family == 6 ? "AAAA" : "A");
		json_str(&w, "name", c->job.name);
		json_str(&w, "content", addr_ip_text(&s->value, ip));
		json_int(&w, "ttl", ZONE_TTL);
		json_bool(&w, "proxied", false);
		json_close(&w);
		ask(c, s->method, path, &body);
		buf_fini(&body);
	}
	mem_free(path);
}

static void go_on(struct cloudflare *c)
{
	struct buf path = BUF_INIT;
	if (!c->zone_id[0]) {
		c->doing = ASK_ZONE;
		buf_puts(&path, "/zones?name=");
		http_message_escape(&path, c->zone);
		ask(c, "GET", buf_str(&path), NULL);
	} else if (c->doing != STEP) {
		c->doing = ASK_RECORDS;
		buf_printf(&path, "/zones/%s/dns_records?per_page=%d&name=", c->zone_id, PAGE);
		http_message_escape(&path, c->job.name);
		ask(c, "GET", buf_str(&path), NULL);
	} else if (c->step < c->step_count) {
		take_step(c);
	} else if (c->more) {
		c->done(c->owner, PUBLISH_LATER, 0,
			"the name has very many records; the rest follows");
	} else {
		c->done(c->owner, PUBLISH_OK, 0, NULL);
	}
	buf_fini(&path);
}

static void publish(void *self, const struct publish_job *job)
{
	struct cloudflare *c = self;
	c->job = *job;
	c->doing = ASK_ZONE;
	go_on(c);
}

static bool serves(const void *self, const char *name)
{
	const struct cloudflare *c = self;
	size_t len = strlen(name), zone = strlen(c->zone);
	return strcmp(name, c->zone) == 0 || (len > zone && name[len - zone - 1] == '.' &&
					      strcmp(name + len - zone, c->zone) == 0);
}

static void close_publisher(void *self)
{
	struct cloudflare *c = self;
	http_ask_close(c->ask);
	timer_close(c->soon);
	tls_context_unref(c->tls);
	mem_wipe(c->headers, strlen(c->headers));
	mem_free(c->headers);
	mem_free(c->tls_trouble);
	mem_free(c->zone);
	mem_free(c->api);
	mem_free(c);
}

const struct publisher_kind cloudflare_kind = {
    .kind = "cloudflare", .serves = serves, .publish = publish, .close = close_publisher};

void *cloudflare_new(struct loop *l, const struct cloudflare_config *config, publish_done_fn *done,
		     void *owner)
{
	struct cloudflare *c = mem_zalloc(sizeof(*c));
	size_t len = strlen(config->api);
	c->loop = l;
	c->zone = mem_strdup(config->zone);
	c->api = mem_strdup(config->api);
	while (len && c->api[len - 1] == '/')
		c->api[--len] = 0;
	c->headers = mem_printf("Authorization: Bearer %s\r\nContent-Type: application/json\r\n",
				config->token);
	if (strncmp(c->api, "https:", 6) == 0)
		c->tls = tls_context_client_new(NULL, config->ca_file, NULL, true, &c->tls_trouble);
	c->done = done;
	c->owner = owner;
	c->soon = timer_new(l, on_soon, c);
	return c;
}
