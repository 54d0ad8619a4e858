/* The kind `cloudflare`: Cloudflare's v4 API. */
#include "relay/providers/record_api.h"
#include "relay/dns/zone.h"
#include "shared/base/json.h"
#include "shared/http/http_message.h"

#include <stdio.h>
#include <string.h>

static void write_record(const struct record_api_settings *s, const struct record_api_request *r,
			 struct buf *out)
{
	char quoted[PUBLISH_VALUE + 2];
	struct json w = json_into(out, false);
	snprintf(quoted, sizeof(quoted), "\"%s\"", r->value);
	json_open(&w, NULL, '{');
	json_str(&w, "type", publish_type_text(r->type));
	json_str(&w, "name", r->name);
	json_str(&w, "content", r->type == PUBLISH_TXT ? quoted : r->value);
	json_int(&w, "ttl", s->ttl ? s->ttl : ZONE_TTL);
	json_bool(&w, "proxied", false);
	json_close(&w);
}

static void write_request(const struct record_api_settings *s, const struct record_api_request *r,
			  struct record_api_http *out)
{
	static const char *const methods[] = {[RECORD_API_ZONE] = "GET",
					      [RECORD_API_LIST] = "GET",
					      [RECORD_API_ADD] = "POST",
					      [RECORD_API_CHANGE] = "PATCH",
					      [RECORD_API_DELETE] = "DELETE"};
	out->method = methods[r->act];
	buf_printf(&out->headers, "Authorization: Bearer %s\r\nContent-Type: application/json\r\n",
		   s->secret);
	buf_puts(&out->path, "/zones");
	if (r->act == RECORD_API_ZONE) {
		buf_puts(&out->path, "?name=");
		http_message_escape(&out->path, s->zone);
		return;
	}
	buf_printf(&out->path, "/%s/dns_records", r->zone_id);
	if (r->act == RECORD_API_LIST) {
		buf_printf(&out->path, "?per_page=%d&name=", RECORD_API_PAGE);
		http_message_escape(&out->path, r->name);
	} else if (r->act != RECORD_API_ADD) {
		buf_printf(&out->path, "/%s", r->id);
	}
	if (r->value)
		write_record(s, r, &out->body);
}

static bool is_trouble(struct conf_at said, unsigned status, struct record_api_trouble *out)
{
	bool success = false;
	conf_opt_bool(said, "success", &success);
	if (success && status < 300)
		return false;
	struct conf_at errors = conf_list(said, "errors"),
		       first = conf_len(errors) ? conf_item(errors, 0) : (struct conf_at){0};
	if (first.value)
		conf_opt_str(first, "message", &out->message);
	snprintf(out->code, sizeof(out->code), "%u", status);
	return true;
}

static struct conf_at list(struct conf_at said)
{
	struct conf_at result = conf_list(said, "result");
	if (!result.value)
		conf_error(said, "result", "missing");
	return result;
}

static void read_item(struct conf_at item, struct record_api_record *out)
{
	conf_opt_str(item, "id", &out->id);
	conf_opt_str(item, "type", &out->type);
	conf_opt_str(item, "content", &out->value);
}

static const struct record_api api = {
    .kind = "cloudflare",
    .provider = "Cloudflare",
    .url = "https://api.cloudflare.com/client/v4",
    .secret_key = "token_file",
    .has_zone_ids = true,
    .denied = (const char *const[]){"401", "403", "429", NULL},
    .write = write_request,
    .is_trouble = is_trouble,
    .list = list,
    .read = read_item,
};

static void *read_settings(struct conf_at at, const struct publisher_place *place)
{
	return record_api_read(at, place, &api);
}

const struct publisher_kind cloudflare_kind = {
    .name = "cloudflare", .read = read_settings, RECORD_API_PUBLISHER};
