/*
 * A job first asks for the zone's id, when the API has such ids and it is not known yet. Then it
 * asks for the name's records and compares them with the wanted ones. plan() derives the steps:
 * change a record, add a missing one, delete one too many. Of TXT records it adds and deletes only
 * those that the job names; all others belong to somebody else. The steps run one at a time, and
 * the first that fails ends the job. The next job asks for the records again, so a job that was cut
 * short does no harm.
 *
 *	trouble about all names (rights, rates), no such zone   later, in DENIED_MS
 *	trouble of the provider, no answer, not readable        later
 *	more records than one job can handle                    later: the rest follows
 *	a record to delete is not listed yet                    refused, again in UNLISTED_MS
 *	else                                                    refused
 */
#include "relay/providers/record_api.h"

#include "relay/dns/zone.h"
#include "shared/base/json.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/text.h"
#include "shared/net/http_client.h"
#include "shared/net/web_client.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum {
	ANSWER_MAX = 1 << 20,
	DENIED_MS = 5 * 60000,
	UNLISTED_MS = 30000,
	STEPS = 64,
	TTL_MAX = 604800,
	REASON = 400
};

struct step {
	enum record_api_act act;
	char id[RECORD_API_ID + 1]; /* "" for ADD */
	enum publish_type type;
	const char *value; /* in the job; NULL for DELETE */
};

struct record_publisher {
	struct loop *loop;
	const struct record_api_settings *settings;
	struct web_client *client;
	publish_done_fn *done;
	void *owner;
	enum record_api_act doing;
	char zone_id[RECORD_API_ID + 1]; /* "" before it is known */
	const struct publish_job *job;   /* stays until done */
	struct step steps[STEPS];
	size_t step_count, step;
	bool more;         /* the steps may not be all that the job needs */
	bool unlisted;     /* a value to delete is not among the listed records */
	uint64_t added_ms; /* loop time of the last ADD, 0: none */
};

static void go_on(struct record_publisher *p);

/* --- settings --- */

void *record_api_read(struct conf_at at, const struct publisher_place *place,
		      const struct record_api *api)
{
	struct record_api_settings *s = mem_zalloc(sizeof(*s));
	const char *url = api->url, *key_id = NULL;
	int64_t ttl = 0;
	s->api = api;
	s->zone = publisher_read_zone(at, NULL);
	if (api->has_key_id && conf_str(at, "key_id", &key_id)) {
		s->key_id = mem_strdup(key_id);
		if (!*key_id || strpbrk(key_id, ",/") || !http_message_is_clean(key_id))
			conf_error(at, "key_id", "\"%s\" is no key's id", key_id);
	}
	s->secret = publisher_read_secret(at, api->secret_key, place->file);
	conf_opt_str(at, "api", &url);
	s->url = publisher_read_url(at, "api", url);
	for (size_t len = s->url ? strlen(s->url) : 0; len && s->url[len - 1] == '/';)
		s->url[--len] = 0;
	s->ca_file = publisher_read_ca(at, place->file);
	conf_opt_int(at, "ttl", 1, TTL_MAX, &ttl);
	s->ttl = (uint32_t)ttl;
	return s;
}

void record_api_drop(void *settings)
{
	struct record_api_settings *s = settings;
	mem_free(s->zone);
	mem_free(s->key_id);
	publisher_free_secret(s->secret);
	mem_free(s->url);
	mem_free(s->ca_file);
	mem_free(s);
}

char *record_api_id(const void *settings)
{
	const struct record_api_settings *s = settings;
	return mem_printf("%s %s %s", s->api->kind, s->zone, s->url);
}

bool record_api_serves(const void *settings, const char *name)
{
	return text_is_in(name, ((const struct record_api_settings *)settings)->zone);
}

char *record_api_host(const struct record_api_settings *s, const char *name)
{
	size_t len = strlen(name), zone = strlen(s->zone);
	return len == zone ? mem_strdup("@") : mem_printf("%.*s", (int)(len - zone - 1), name);
}

void record_api_authority(const struct record_api_settings *s, char host[300], char path[1024])
{
	struct http_url url;
	http_url_parse(s->url, &url);
	http_url_authority(&url, host);
	strcpy(path, url.path);
}

void record_api_sha256(const void *p, size_t len, char hex[RECORD_API_HEX])
{
	uint8_t digest[RECORD_API_DIGEST];
	EVP_Digest(p, len, digest, NULL, EVP_sha256(), NULL);
	text_hex(digest, sizeof(digest), hex);
}

void record_api_hmac(const void *key, size_t key_len, const char *text,
		     uint8_t out[RECORD_API_DIGEST])
{
	HMAC(EVP_sha256(), key, (int)key_len, (const uint8_t *)text, strlen(text), out, NULL);
}

/* --- the steps --- */

static bool is_id(const char *text)
{
	size_t len = strlen(text);
	return len > 0 && len <= RECORD_API_ID &&
	       strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") ==
		   len;
}

static void add_step(struct record_publisher *p, enum record_api_act act, const char *id,
		     enum publish_type type, const char *value)
{
	if (p->step_count == STEPS) {
		p->more = true;
		return;
	}
	struct step *s = &p->steps[p->step_count++];
	*s = (struct step){.act = act, .type = type, .value = value};
	snprintf(s->id, sizeof(s->id), "%s", id);
}

/* Whether the content means the value: "2001:DB8::1" is "2001:db8::1", quotes do not count. */
static bool is_value(const char *content, const char *value)
{
	struct addr a, b;
	size_t len = strlen(value);
	if (addr_parse_ip(content, &a) == 0 && addr_parse_ip(value, &b) == 0)
		return addr_equal_ip(&a, &b);
	bool quoted = content[0] == '"';
	return strncmp(content + quoted, value, len) == 0 &&
	       strcmp(content + quoted + len, quoted ? "\"" : "") == 0;
}

static int index_of(const struct publish_set *set, const char *content)
{
	for (unsigned k = 0; k < set->count; k++)
		if (is_value(content, set->values[k]))
			return (int)k;
	return -1;
}

/* Reads the item as a record of this type; false: it is none. */
static bool read_record(const struct record_publisher *p, struct conf_at item,
			enum publish_type type, struct record_api_record *out)
{
	*out = (struct record_api_record){0};
	if (item.value)
		p->settings->api->read(item, out);
	return out->id && out->type && out->value && is_id(out->id) &&
	       strcmp(out->type, publish_type_text(type)) == 0;
}

static void plan_texts(struct record_publisher *p, struct conf_at list,
		       const struct publish_change *change)
{
	bool there[PUBLISH_VALUES] = {false}, listed[PUBLISH_VALUES] = {false};
	struct record_api_record r;
	for (size_t i = 0; i < conf_len(list); i++) {
		if (!read_record(p, conf_item(list, i), change->type, &r))
			continue;
		int wanted = index_of(&change->wanted, r.value),
		    gone = index_of(&change->gone, r.value);
		if (wanted >= 0)
			there[wanted] = true;
		if (gone < 0)
			continue;
		listed[gone] = true;
		add_step(p, RECORD_API_DELETE, r.id, change->type, NULL);
	}
	for (unsigned k = 0; k < change->gone.count; k++)
		p->unlisted |= !listed[k];
	for (unsigned k = 0; k < change->wanted.count; k++)
		if (!there[k])
			add_step(p, RECORD_API_ADD, "", change->type, change->wanted.values[k]);
}

/* Records with a wanted value stay. The others are changed to the missing values. Then what is
 * still missing is added, and what is left over is deleted. */
static void plan_addresses(struct record_publisher *p, struct conf_at list,
			   const struct publish_change *change)
{
	const struct publish_set *set = &change->wanted;
	bool there[PUBLISH_VALUES] = {false};
	char spare[STEPS][RECORD_API_ID + 1];
	size_t spares = 0, used = 0;
	struct record_api_record r;
	for (size_t i = 0; i < conf_len(list); i++) {
		if (!read_record(p, conf_item(list, i), change->type, &r))
			continue;
		int k = index_of(set, r.value);
		if (k >= 0 && !there[k])
			there[k] = true;
		else if (spares < STEPS)
			snprintf(spare[spares++], sizeof(*spare), "%s", r.id);
		else
			p->more = true;
	}
	for (unsigned k = 0; k < set->count; k++) {
		if (there[k])
			continue;
		bool changed = used < spares;
		add_step(p, changed ? RECORD_API_CHANGE : RECORD_API_ADD,
			 changed ? spare[used++] : "", change->type, set->values[k]);
	}
	while (used < spares)
		add_step(p, RECORD_API_DELETE, spare[used++], change->type, NULL);
}

static void plan(struct record_publisher *p, struct conf_at list)
{
	p->step_count = p->step = 0;
	p->more = conf_len(list) >= RECORD_API_PAGE;
	p->unlisted = false;
	for (size_t i = 0; i < p->job->count; i++) {
		const struct publish_change *c = &p->job->changes[i];
		(c->type == PUBLISH_TXT ? plan_texts : plan_addresses)(p, list, c);
	}
	p->doing = RECORD_API_ADD;
}

/* --- answers --- */

static bool begins_with_any(const char *code, const char *const *beginnings)
{
	for (; beginnings && *beginnings; beginnings++)
		if (strncmp(code, *beginnings, strlen(*beginnings)) == 0)
			return true;
	return false;
}

static void give_up(struct record_publisher *p, const struct record_api_trouble *t)
{
	char reason[REASON];
	snprintf(reason, sizeof(reason), "%s answered %s%s%.200s", p->settings->api->provider,
		 t->code, t->message ? ": " : "", t->message ? t->message : "");
	p->zone_id[0] = 0; /* the zone may have a new id by now */
	if (begins_with_any(t->code, p->settings->api->denied))
		p->done(p->owner, PUBLISH_LATER, DENIED_MS, reason);
	else
		p->done(p->owner, t->is_theirs ? PUBLISH_LATER : PUBLISH_REFUSED, 0, reason);
}

/* False: there is no such zone. */
static bool take_zone(struct record_publisher *p, struct conf_at list)
{
	const char *id = NULL;
	struct conf_at first = conf_len(list) ? conf_item(list, 0) : (struct conf_at){0};
	if (!first.value || !conf_opt_str(first, "id", &id) || !id || !is_id(id))
		return false;
	snprintf(p->zone_id, sizeof(p->zone_id), "%s", id);
	return true;
}

/* Takes an answer that tells of success. Reports in said when it lacks what was asked for. False:
 * there is no such zone. */
static bool take(struct record_publisher *p, struct conf_at said)
{
	if (p->doing > RECORD_API_LIST) {
		p->step++;
		return true;
	}
	struct conf_at list = p->settings->api->list(said);
	if (p->doing == RECORD_API_ZONE)
		return take_zone(p, list);
	if (conf_ok(said))
		plan(p, list);
	return true;
}

static bool is_there_already(const struct record_publisher *p, const struct record_api_trouble *t)
{
	return p->doing > RECORD_API_LIST && p->steps[p->step].act == RECORD_API_ADD &&
	       begins_with_any(t->code, p->settings->api->there);
}

static void take_success(struct record_publisher *p, struct conf *json)
{
	char reason[REASON];
	const struct record_api_settings *s = p->settings;
	bool went_well = take(p, conf_root(json)), readable = conf_ok(conf_root(json));
	if (readable && went_well) {
		go_on(p);
		return;
	}
	if (!readable)
		snprintf(reason, sizeof(reason), "%s's %.300s", s->api->provider,
			 conf_error_text(json, 0));
	else
		snprintf(reason, sizeof(reason), "%s shows this token no zone %s", s->api->provider,
			 s->zone);
	p->done(p->owner, PUBLISH_LATER, readable ? DENIED_MS : 0, reason);
}

static void judge(struct record_publisher *p, struct http_message *answer)
{
	size_t len;
	const char *body = http_message_body(answer, &len);
	unsigned status = http_message_head(answer)->status;
	struct conf *json = conf_parse("answer", body, len, true);
	struct conf_at said = conf_root(json);
	struct record_api_trouble t = {.is_theirs = status >= 500 || status < 400};
	if (!said.value) {
		snprintf(t.code, sizeof(t.code), "%u and nothing that can be read", status);
		give_up(p, &t);
	} else if (p->settings->api->is_trouble(said, status, &t) && !is_there_already(p, &t)) {
		give_up(p, &t);
	} else {
		take_success(p, json);
	}
	conf_free(json);
}

static void on_answer(void *owner, struct http_message *answer, const char *why)
{
	struct record_publisher *p = owner;
	if (answer)
		judge(p, answer);
	else
		p->done(p->owner, PUBLISH_LATER, 0, why);
}

/* --- requests --- */

static void ask(struct record_publisher *p, enum record_api_act act, const struct step *step)
{
	uint8_t random[RECORD_API_NONCE / 2];
	struct record_api_request r = {
	    .act = act, .zone_id = p->zone_id, .name = p->job->name, .now_ms = loop_wall_ms()};
	if (step) {
		r.id = step->id;
		r.type = step->type;
		r.value = step->value;
	}
	random_bytes(random, sizeof(random));
	text_hex(random, sizeof(random), r.nonce);
	struct record_api_http http = {0};
	p->settings->api->write(p->settings, &r, &http);
	web_client_ask(p->client, http.method, buf_str(&http.path), buf_str(&http.headers),
		       buf_len(&http.body) ? &http.body : NULL);
	mem_wipe(buf_data(&http.headers), buf_len(&http.headers));
	buf_fini(&http.headers);
	buf_fini(&http.path);
	buf_fini(&http.body);
}

static void end_well(struct record_publisher *p)
{
	uint64_t late = p->settings->api->listed_after_ms, now = loop_now_ms(p->loop);
	if (p->more)
		p->done(p->owner, PUBLISH_LATER, 0,
			"the name has very many records; the rest follows");
	else if (p->unlisted && p->added_ms && now - p->added_ms < late)
		p->done(p->owner, PUBLISH_REFUSED, UNLISTED_MS,
			"a record that has to go is not listed yet");
	else
		p->done(p->owner, PUBLISH_OK, 0, NULL);
}

static void go_on(struct record_publisher *p)
{
	if (p->settings->api->has_zone_ids && !p->zone_id[0]) {
		p->doing = RECORD_API_ZONE;
		ask(p, RECORD_API_ZONE, NULL);
	} else if (p->doing <= RECORD_API_LIST) {
		p->doing = RECORD_API_LIST;
		ask(p, RECORD_API_LIST, NULL);
	} else if (p->step < p->step_count) {
		const struct step *s = &p->steps[p->step];
		if (s->act == RECORD_API_ADD)
			p->added_ms = loop_now_ms(p->loop);
		ask(p, s->act, s);
	} else {
		end_well(p);
	}
}

void record_api_publish(void *self, const struct publish_job *job)
{
	struct record_publisher *p = self;
	p->job = job;
	p->doing = RECORD_API_ZONE;
	go_on(p);
}

void record_api_close(void *self)
{
	struct record_publisher *p = self;
	web_client_close(p->client);
	mem_free(p);
}

void *record_api_start(struct loop *l, const void *settings, publish_done_fn *done, void *owner)
{
	const struct record_api_settings *s = settings;
	const struct web_client_service service = {s->url, s->url, s->ca_file, ANSWER_MAX};
	struct record_publisher *p = mem_zalloc(sizeof(*p));
	p->loop = l;
	p->settings = s;
	p->done = done;
	p->owner = owner;
	p->client = web_client_new(l, &service, on_answer, p);
	return p;
}
