/*
 * The kind `dnspod`: Tencent Cloud's DNSPod, API 2021-03-23, signed by TC3-HMAC-SHA256. Parameters
 * are JSON in the body. An error comes with status 200.
 */
#include "relay/providers/record_api.h"
#include "shared/base/json.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATE = 10 }; /* the length of the date in a time: "2026-11-29" */

static const char service[] = "dnspod", content_type[] = "application/json; charset=utf-8";

/* Writes a record into the line 默认, which is for all visitors without a line of their own. */
static void put_record(struct json *w, const struct record_api_settings *s,
		       const struct record_api_request *r, const char *host)
{
	json_str(w, "SubDomain", host);
	json_str(w, "RecordType", publish_type_text(r->type));
	json_str(w, "RecordLine", "默认");
	json_str(w, "RecordLineId", "0");
	json_str(w, "Value", r->value);
	if (s->ttl)
		json_uint(w, "TTL", s->ttl);
}

static void write_body(const struct record_api_settings *s, const struct record_api_request *r,
		       struct buf *out)
{
	struct json w = json_into(out, false);
	char *host = record_api_host(s, r->name);
	json_open(&w, NULL, '{');
	json_str(&w, "Domain", s->zone);
	if (r->act == RECORD_API_LIST) {
		json_str(&w, "Subdomain", host);
		json_int(&w, "Limit", RECORD_API_PAGE);
	}
	if (r->id && r->act != RECORD_API_ADD)
		json_uint(&w, "RecordId", strtoull(r->id, NULL, 10));
	if (r->value)
		put_record(&w, s, r, host);
	json_close(&w);
	mem_free(host);
}

static void sign(const struct record_api_settings *s, const char *canonical, uint64_t now_s,
		 const char *date, char hex[RECORD_API_HEX])
{
	uint8_t mac[RECORD_API_DIGEST];
	char digest[RECORD_API_HEX], *key = mem_printf("TC3%s", s->secret);
	record_api_sha256(canonical, strlen(canonical), digest);
	char *text = mem_printf("TC3-HMAC-SHA256\n%llu\n%.*s/%s/tc3_request\n%s",
				(unsigned long long)now_s, DATE, date, service, digest);
	char *day = mem_printf("%.*s", DATE, date);
	record_api_hmac(key, strlen(key), day, mac);
	record_api_hmac(mac, sizeof(mac), service, mac);
	record_api_hmac(mac, sizeof(mac), "tc3_request", mac);
	record_api_hmac(mac, sizeof(mac), text, mac);
	text_hex(mac, sizeof(mac), hex);
	publisher_free_secret(key);
	mem_free(day);
	mem_free(text);
}

static void write_request(const struct record_api_settings *s, const struct record_api_request *r,
			  struct record_api_http *out)
{
	static const char *const actions[][2] = {
	    [RECORD_API_LIST] = {"DescribeRecordList", "describerecordlist"},
	    [RECORD_API_ADD] = {"CreateRecord", "createrecord"},
	    [RECORD_API_CHANGE] = {"ModifyRecord", "modifyrecord"},
	    [RECORD_API_DELETE] = {"DeleteRecord", "deleterecord"}};
	static const char names[] = "content-type;host;x-tc-action";
	char host[300], path[1024], digest[RECORD_API_HEX], mac[RECORD_API_HEX], date[32];
	uint64_t now_s = r->now_ms / 1000;
	write_body(s, r, &out->body);
	record_api_authority(s, host, path);
	record_api_sha256(buf_data(&out->body), buf_len(&out->body), digest);
	text_time(now_s * 1000, date);
	char *canonical =
	    mem_printf("POST\n%s\n\ncontent-type:%s\nhost:%s\nx-tc-action:%s\n\n%s\n%s", path,
		       content_type, host, actions[r->act][1], names, digest);
	sign(s, canonical, now_s, date, mac);
	out->method = "POST";
	buf_puts(&out->path, strcmp(path, "/") == 0 ? "/" : "");
	buf_printf(&out->headers,
		   "Content-Type: %s\r\nX-TC-Action: %s\r\nX-TC-Version: 2021-03-23\r\n"
		   "X-TC-Timestamp: %llu\r\nAuthorization: TC3-HMAC-SHA256 "
		   "Credential=%s/%.*s/%s/tc3_request, SignedHeaders=%s, Signature=%s\r\n",
		   content_type, actions[r->act][0], (unsigned long long)now_s, s->key_id, DATE,
		   date, service, names, mac);
	mem_free(canonical);
}

/* The API calls it an error when a name has no records; that one is no trouble. */
static bool is_trouble(struct conf_at said, unsigned status, struct record_api_trouble *out)
{
	struct conf_at error = conf_object(conf_object(said, "Response"), "Error");
	const char *code = "an error";
	if (!error.value) {
		snprintf(out->code, sizeof(out->code), "%u", status);
		return status >= 300;
	}
	conf_opt_str(error, "Code", &code);
	conf_opt_str(error, "Message", &out->message);
	snprintf(out->code, sizeof(out->code), "%.70s", code);
	out->is_theirs = strncmp(code, "InternalError", strlen("InternalError")) == 0;
	return strcmp(code, "ResourceNotFound.NoDataOfRecord") != 0;
}

static struct conf_at list(struct conf_at said)
{
	struct conf_at response = conf_object(said, "Response"),
		       records = conf_list(response, "RecordList");
	if (!response.value)
		conf_error(said, "Response", "missing");
	else if (!records.value && !conf_has(response, "Error"))
		conf_error(response, "RecordList", "missing");
	return records;
}

static void read_item(struct conf_at item, struct record_api_record *out)
{
	int64_t id = 0;
	conf_opt_int(item, "RecordId", 0, INT64_MAX, &id);
	conf_opt_str(item, "Type", &out->type);
	conf_opt_str(item, "Value", &out->value);
	snprintf(out->number, sizeof(out->number), "%lld", (long long)id);
	out->id = id ? out->number : NULL;
}

/* The codes of LimitExceeded and OperationDenied that are not in denied concern one name or value:
 * the name is too deep, or the address is on a list. */
static const struct record_api api = {
    .kind = "dnspod",
    .provider = "DNSPod",
    .url = "https://dnspod.tencentcloudapi.com",
    .secret_key = "key_secret_file",
    .has_key_id = true,
    .listed_after_ms = 60000,
    .denied = (const char *const[]){"AuthFailure", "UnauthorizedOperation", "RequestLimitExceeded",
				    "LimitExceeded.FailedLoginLimitExceeded",
				    "OperationDenied.AccessDenied",
				    "OperationDenied.DomainOwnerAllowedOnly", "OperationDenied.No",
				    "InvalidParameterValue.DomainNotExists",
				    "InvalidParameter.DomainIdInvalid",
				    "ResourceNotFound.NoDataOfDomain", NULL},
    .there = (const char *const[]){"InvalidParameter.DomainRecordExist", NULL},
    .write = write_request,
    .is_trouble = is_trouble,
    .list = list,
    .read = read_item,
};

static void *read_settings(struct conf_at at, const struct publisher_place *place)
{
	return record_api_read(at, place, &api);
}

const struct publisher_kind dnspod_kind = {
    .name = "dnspod", .read = read_settings, RECORD_API_PUBLISHER};
