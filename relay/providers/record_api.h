/*
 * What the publishers have in common that speak to a provider's API of records (cloudflare, alidns,
 * dnspod): their settings, and how a job becomes requests. Each of them only writes requests and
 * reads answers.
 */
#ifndef GROUNDNUT_RELAY_PROVIDERS_RECORD_API_H
#define GROUNDNUT_RELAY_PROVIDERS_RECORD_API_H

#include "relay/providers/publisher_kind.h"
#include "shared/base/buf.h"

enum { RECORD_API_ID = 64, RECORD_API_PAGE = 100, RECORD_API_CODE = 80, RECORD_API_NONCE = 32 };

enum record_api_act {
	RECORD_API_ZONE, /* the zone's id is asked for */
	RECORD_API_LIST, /* the name's records, RECORD_API_PAGE at most */
	RECORD_API_ADD,
	RECORD_API_CHANGE,
	RECORD_API_DELETE
};

struct record_api_settings {
	const struct record_api *api;
	char *zone;
	char *key_id; /* or NULL: the API has none */
	char *secret;
	char *url; /* without a final slash */
	char *ca_file;
	uint32_t ttl; /* 0: the provider's own */
};

struct record_api_request {
	enum record_api_act act;
	const char *zone_id;    /* "" where the API has none */
	const char *name;       /* full */
	const char *id;         /* of CHANGE and DELETE */
	enum publish_type type; /* of ADD and CHANGE */
	const char *value;      /* of ADD and CHANGE */
	uint64_t now_ms;        /* UNIX time */
	char nonce[RECORD_API_NONCE + 1];
};

/* The request as HTTP. */
struct record_api_http {
	const char *method;
	struct buf path, headers, body; /* path: behind the URL; body: none when it is empty */
};

struct record_api_record {
	const char *id, *type, *value; /* NULL: it is none */
	char number[24];               /* room for an id that is a number */
};

struct record_api_trouble {
	char code[RECORD_API_CODE]; /* the provider's word for it */
	const char *message;        /* its sentence, or NULL */
	bool is_theirs;             /* the provider is in trouble, not the request wrong */
};

struct record_api {
	const char *kind;       /* as in relay.json */
	const char *provider;   /* for sentences */
	const char *url;        /* unless another is written */
	const char *secret_key; /* in relay.json: the file with the secret */
	bool has_key_id;
	bool has_zone_ids;
	uint64_t listed_after_ms; /* so long a new record may not be listed yet */
	/* How the codes begin that are about all names: those are tried again later. NULL ends. */
	const char *const *denied;
	const char *const *there; /* … of ADD that say that it is there already. NULL ends */
	void (*write)(const struct record_api_settings *s, const struct record_api_request *r,
		      struct record_api_http *out);
	/* The answer tells of trouble. */
	bool (*is_trouble)(struct conf_at said, unsigned status, struct record_api_trouble *out);
	/* Of LIST: an absent list has no value. */
	struct conf_at (*list)(struct conf_at said);
	void (*read)(struct conf_at item, struct record_api_record *out);
};

/* For the kinds' rows: the rest is common. */
void *record_api_read(struct conf_at at, const struct publisher_place *place,
		      const struct record_api *api);
void record_api_drop(void *settings);
char *record_api_id(const void *settings);
bool record_api_serves(const void *settings, const char *name);
void *record_api_start(struct loop *l, const void *settings, publish_done_fn *done, void *owner);
void record_api_publish(void *self, const struct publish_job *job);
void record_api_close(void *self);

/* --- for those that sign --- */

enum { RECORD_API_DIGEST = 32, RECORD_API_HEX = 2 * RECORD_API_DIGEST + 1 };

/* The name within the zone, "@" for the zone itself; freed by the caller. */
char *record_api_host(const struct record_api_settings *s, const char *name);
/* The Host field that the request will have, and the path of its URL, "/" at least. */
void record_api_authority(const struct record_api_settings *s, char host[300], char path[1024]);
void record_api_sha256(const void *p, size_t len, char hex[RECORD_API_HEX]);
void record_api_hmac(const void *key, size_t key_len, const char *text,
		     uint8_t out[RECORD_API_DIGEST]);

#endif
