/*
 * The kind `alidns`: Alibaba Cloud DNS, API 2015-01-09, signed by ACS3-HMAC-SHA256. All parameters
 * are in the query, sorted by their names; the body is empty.
 */
#include "relay/providers/record_api.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/http/http_message.h"

#include <stdio.h>
#include <string.h>

static void put(struct buf *query, const char *name, const char *value)
{
	buf_printf(query, "%s%s=", buf_len(query) ? "&" : "", name);
	http_message_escape(query, value);
}

/* Writes the parameters sorted by their names, as the signature wants them. */
static void put_query(struct buf *query, const struct record_api_settings *s,
		      const struct record_api_request *r)
{
	char number[16], *host = record_api_host(s, r->name);
	if (r->act == RECORD_API_LIST || r->act == RECORD_API_ADD)
		put(query, "DomainName", s->zone);
	if (r->act == RECORD_API_LIST) {
		snprintf(number, sizeof(number), "%d", RECORD_API_PAGE);
		put(query, "PageSize", number);
		put(query, "SubDomain", r->name);
	}
	if (r->value)
		put(query, "RR", host);
	if (r->id && r->act != RECORD_API_ADD)
		put(query, "RecordId", r->id);
	if (r->value && s->ttl) {
		snprintf(number, sizeof(number), "%u", s->ttl);
		put(query, "TTL", number);
	}
	if (r->value) {
		put(query, "Type", publish_type_text(r->type));
		put(query, "Value", r->value);
	}
	mem_free(host);
}

static void sign(const struct record_api_settings *s, const char *canonical,
		 char hex[RECORD_API_HEX])
{
	uint8_t mac[RECORD_API_DIGEST];
	char digest[RECORD_API_HEX], *text;
	record_api_sha256(canonical, strlen(canonical), digest);
	text = mem_printf("ACS3-HMAC-SHA256\n%s", digest);
	record_api_hmac(s->secret, strlen(s->secret), text, mac);
	text_hex(mac, sizeof(mac), hex);
	mem_free(text);
}

static void write_request(const struct record_api_settings *s, const struct record_api_request *r,
			  struct record_api_http *out)
{
	static const char *const actions[] = {[RECORD_API_LIST] = "DescribeSubDomainRecords",
					      [RECORD_API_ADD] = "AddDomainRecord",
					      [RECORD_API_CHANGE] = "UpdateDomainRecord",
					      [RECORD_API_DELETE] = "DeleteDomainRecord"};
	static const char names[] = "host;x-acs-action;x-acs-content-sha256;x-acs-date;"
				    "x-acs-signature-nonce;x-acs-version";
	char host[300], path[1024], nothing[RECORD_API_HEX], mac[RECORD_API_HEX], now[32];
	struct buf query = BUF_INIT;
	put_query(&query, s, r);
	record_api_authority(s, host, path);
	record_api_sha256("", 0, nothing);
	text_time(r->now_ms, now);
	char *canonical = mem_printf(
	    "POST\n%s\n%s\nhost:%s\nx-acs-action:%s\nx-acs-content-sha256:%s\n"
	    "x-acs-date:%s\nx-acs-signature-nonce:%s\nx-acs-version:2015-01-09\n\n%s\n%s",
	    path, buf_str(&query), host, actions[r->act], nothing, now, r->nonce, names, nothing);
	sign(s, canonical, mac);
	out->method = "POST";
	buf_printf(&out->path, "%s?%s", strcmp(path, "/") == 0 ? "/" : "", buf_str(&query));
	buf_printf(&out->headers,
		   "x-acs-action: %s\r\nx-acs-content-sha256: %s\r\nx-acs-date: %s\r\n"
		   "x-acs-signature-nonce: %s\r\nx-acs-version: 2015-01-09\r\n"
		   "Accept: application/json\r\nContent-Length: 0\r\nAuthorization: "
		   "ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%s\r\n",
		   actions[r->act], nothing, now, r->nonce, s->key_id, names, mac);
	mem_free(canonical);
	buf_fini(&query);
}

static bool is_trouble(struct conf_at said, unsigned status, struct record_api_trouble *out)
{
	const char *code = "an error";
	if (status < 300)
		return false;
	conf_opt_str(said, "Code", &code);
	conf_opt_str(said, "Message", &out->message);
	snprintf(out->code, sizeof(out->code), "%.70s", code);
	return true;
}

static struct conf_at list(struct conf_at said)
{
	struct conf_at all = conf_object(said, "DomainRecords");
	if (!all.value)
		conf_error(said, "DomainRecords", "missing");
	return conf_list(all, "Record");
}

static void read_item(struct conf_at item, struct record_api_record *out)
{
	conf_opt_str(item, "RecordId", &out->id);
	conf_opt_str(item, "Type", &out->type);
	conf_opt_str(item, "Value", &out->value);
}

static const struct record_api api = {
    .kind = "alidns",
    .provider = "Alibaba Cloud",
    .url = "https://alidns.aliyuncs.com",
    .secret_key = "key_secret_file",
    .has_key_id = true,
    .denied = (const char *const[]){"InvalidAccessKeyId", "SignatureDoesNotMatch",
				    "IncompleteSignature", "Forbidden", "Throttling",
				    "InvalidTimeStamp", "IllegalTimestamp", "InvalidDomainName",
				    "IncorrectDomainUser", "MissingSecurityToken", NULL},
    .there = (const char *const[]){"DomainRecordDuplicate", NULL},
    .write = write_request,
    .is_trouble = is_trouble,
    .list = list,
    .read = read_item,
};

static void *read_settings(struct conf_at at, const struct publisher_place *place)
{
	return record_api_read(at, place, &api);
}

const struct publisher_kind alidns_kind = {
    .name = "alidns", .read = read_settings, RECORD_API_PUBLISHER};
