/*
 * The kind `cloudflare`: records of a zone made, changed and deleted by Cloudflare's v4 API.
 *
 * A job asks which records the name has, and from these and the wanted ones derives steps: change
 * one that is there, add one that is missing, delete one too many. The steps are taken one at a
 * time, the first that fails ends the job; what is there is asked again the next time, so a job cut
 * short does no harm. The zone's id is asked for once.
 */
#include "relay/names/provider_client.h"
#include "relay/names/publisher_kind.h"
#include "relay/names/zone.h"
#include "shared/base/json.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <stdio.h>
#include <string.h>

enum {
	ANSWER_MAX = 1 << 20,
	DENIED_MS = 5 * 60000,
	STEPS = 64,
	PAGE = 100, /* records that an answer holds at most */
	ID = 64,
	REASON = 400
};

struct settings {
	char *zone;
	char *token;
	char
	    *api; /* "https://api.cloudflare.com/client/v4" unless written; without a final slash */
	char *ca_file;
};

enum doing { ASK_ZONE, ASK_RECORDS, STEP };

struct step {
	char method[8];  /* POST, PATCH or DELETE */
	char id[ID + 1]; /* of the record there; "" for POST */
	enum publish_type type;
	const char *value; /* in the job; NULL for DELETE */
};

struct cloudflare {
	const struct settings *settings;
	char *headers; /* with the token */
	struct provider_client *client;
	publish_done_fn *done;
	void *owner;
	enum doing doing;
	char zone_id[ID + 1];          /* "" before it is known */
	const struct publish_job *job; /* stays until done */
	struct step steps[STEPS];
	size_t step_count, step;
	bool more; /* has to be done than these steps, or may have to */
};

static void go_on(struct cloudflare *c);

static void *read_settings(struct conf_at at, const struct publisher_place *place)
{
	struct settings *s = mem_zalloc(sizeof(*s));
	const char *api = "https://api.cloudflare.com/client/v4";
	s->zone = publisher_read_zone(at, NULL);
	s->token = publisher_read_secret(at, "token_file", place->file);
	conf_opt_str(at, "api", &api);
	s->api = publisher_read_url(at, "api", api);
	for (size_t len = s->api ? strlen(s->api) : 0; len && s->api[len - 1] == '/';)
		s->api[--len] = 0;
	s->ca_file = publisher_read_ca(at, place->file);
	return s;
}

static void drop_settings(void *settings)
{
	struct settings *s = settings;
	mem_free(s->zone);
	publisher_free_secret(s->token);
	mem_free(s->api);
	mem_free(s->ca_file);
	mem_free(s);
}

static char *id(const void *settings)
{
	const struct settings *s = settings;
	return mem_printf("cloudflare %s %s", s->zone, s->api);
}

static bool serves(const void *settings, const char *name)
{
	return text_is_in(name, ((const struct settings *)settings)->zone);
}

/* What the API says is wrong, in its own words. */
static void explain(struct conf_at said, unsigned status, char reason[REASON])
{
	struct conf_at errors = conf_list(said, "errors"),
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
		     enum publish_type type, const char *value)
{
	if (c->step_count == STEPS) {
		c->more = true;
		return;
	}
	struct step *s = &c->steps[c->step_count++];
	*s = (struct step){.type = type, .value = value};
	snprintf(s->method, sizeof(s->method), "%s", method);
	snprintf(s->id, sizeof(s->id), "%s", id);
}

/* Also "2001:DB8::1" for "2001:db8::1". */
static bool is_value(const char *content, const char *value)
{
	struct addr a, b;
	return addr_parse_ip(content, &a) == 0 && addr_parse_ip(value, &b) == 0 &&
	       addr_equal_ip(&a, &b);
}

/* One type: records that are there and wanted stay, the others are given the missing values,
 * what is left is deleted or added. */
static void plan_type(struct cloudflare *c, struct conf_at result,
		      const struct publish_change *change)
{
	const struct publish_set *set = &change->wanted;
	bool there[PUBLISH_VALUES] = {false};
	const char *spare[STEPS];
	size_t spares = 0, used = 0;
	for (size_t i = 0; i < conf_len(result); i++) {
		struct conf_at record = conf_item(result, i);
		const char *type = "", *content = "", *its_id = "";
		if (!record.value || !conf_opt_str(record, "type", &type) ||
		    !conf_opt_str(record, "content", &content) ||
		    !conf_opt_str(record, "id", &its_id))
			continue;
		if (strcmp(type, publish_type_text(change->type)) != 0 || !is_id(its_id))
			continue;
		bool kept = false;
		for (size_t k = 0; !kept && k < set->count; k++)
			if (!there[k] && is_value(content, set->values[k]))
				kept = there[k] = true;
		if (!kept && spares < STEPS)
			spare[spares++] = its_id;
		else if (!kept)
			c->more = true;
	}
	for (size_t k = 0; k < set->count; k++) {
		if (there[k])
			continue;
		bool changed = used < spares;
		add_step(c, changed ? "PATCH" : "POST", changed ? spare[used++] : "", change->type,
			 set->values[k]);
	}
	while (used < spares)
		add_step(c, "DELETE", spare[used++], change->type, NULL);
}

static void plan(struct cloudflare *c, struct conf_at result)
{
	c->step_count = c->step = 0;
	c->more = conf_len(result) >= PAGE;
	for (size_t i = 0; i < c->job->count; i++)
		plan_type(c, result, &c->job->changes[i]);
	c->doing = STEP;
}

/* What a success brings; wrong in said when it is not what was asked for. false: there is no such
 * zone. */
static bool take(struct cloudflare *c, struct conf_at said)
{
	if (c->doing == STEP) {
		c->step++;
		return true;
	}
	struct conf_at result = conf_list(said, "result");
	if (!result.value)
		conf_error(said, "result", "missing");
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
	struct conf_at said = conf_root(json);
	bool success = false;
	if (said.value)
		conf_opt_bool(said, "success", &success);
	if (!success || status >= 300) {
		if (said.value)
			explain(said, status, reason);
		else
			snprintf(reason, sizeof(reason),
				 "Cloudflare answered %u and nothing that can be read", status);
		conf_free(json);
		c->zone_id[0] = 0; /* it may be another one by now */
		give_up(c, status, reason);
		return;
	}
	bool went_well = take(c, said);
	bool readable = conf_ok(said);
	if (!readable)
		snprintf(reason, sizeof(reason), "Cloudflare's %.300s", conf_error_text(json, 0));
	else if (!went_well)
		snprintf(reason, sizeof(reason), "Cloudflare shows this token no zone %s",
			 c->settings->zone);
	conf_free(json);
	if (readable && went_well)
		go_on(c);
	else
		c->done(c->owner, PUBLISH_LATER, readable ? DENIED_MS : 0, reason);
}

static void on_answer(void *owner, struct http_message *answer, const char *why)
{
	struct cloudflare *c = owner;
	if (answer)
		judge(c, answer);
	else
		c->done(c->owner, PUBLISH_LATER, 0, why);
}

static void ask(struct cloudflare *c, const char *method, const char *path, const struct buf *body)
{
	provider_client_ask(c->client, method, path, c->headers, body);
}

static void take_step(struct cloudflare *c)
{
	const struct step *s = &c->steps[c->step];
	char *path =
	    mem_printf("/zones/%s/dns_records%s%s", c->zone_id, s->id[0] ? "/" : "", s->id);
	if (!s->value) {
		ask(c, s->method, path, NULL);
	} else {
		struct buf body = BUF_INIT;
		struct json w = json_into(&body, false);
		json_open(&w, NULL, '{');
		json_str(&w, "type", publish_type_text(s->type));
		json_str(&w, "name", c->job->name);
		json_str(&w, "content", s->value);
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
		http_message_escape(&path, c->settings->zone);
		ask(c, "GET", buf_str(&path), NULL);
	} else if (c->doing != STEP) {
		c->doing = ASK_RECORDS;
		buf_printf(&path, "/zones/%s/dns_records?per_page=%d&name=", c->zone_id, PAGE);
		http_message_escape(&path, c->job->name);
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
	c->job = job;
	c->doing = ASK_ZONE;
	go_on(c);
}

static void close_publisher(void *self)
{
	struct cloudflare *c = self;
	provider_client_close(c->client);
	publisher_free_secret(c->headers);
	mem_free(c);
}

static void *start(struct loop *l, const void *settings, publish_done_fn *done, void *owner)
{
	const struct settings *s = settings;
	const struct provider_client_service service = {s->api, s->api, s->ca_file, ANSWER_MAX};
	struct cloudflare *c = mem_zalloc(sizeof(*c));
	c->settings = s;
	c->done = done;
	c->owner = owner;
	c->headers =
	    mem_printf("Authorization: Bearer %s\r\nContent-Type: application/json\r\n", s->token);
	c->client = provider_client_new(l, &service, on_answer, c);
	return c;
}

const struct publisher_kind cloudflare_kind = {.name = "cloudflare",
					       .read = read_settings,
					       .drop = drop_settings,
					       .id = id,
					       .serves = serves,
					       .start = start,
					       .publish = publish,
					       .close = close_publisher};
