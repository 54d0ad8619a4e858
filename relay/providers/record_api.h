/*
 * The common part of the publishers that use a provider's API of records (cloudflare, alidns,
 * dnspod): their settings, and how a job becomes requests. Each provider's file only writes
 * requests and reads answers, as struct record_api says.
 */
#ifndef GROUNDNUT_RELAY_PROVIDERS_RECORD_API_H
#define GROUNDNUT_RELAY_PROVIDERS_RECORD_API_H

#include "relay/providers/publisher_kind.h"
#include "shared/base/buf.h"

enum { RECORD_API_ID = 64, RECORD_API_PAGE = 100, RECORD_API_CODE = 80, RECORD_API_NONCE = 32 };

enum record_api_act {
	RECORD_API_ZONE, /* asks for the zone's id */
	RECORD_API_LIST, /* asks for the name's records, RECORD_API_PAGE at most */
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
	uint32_t ttl; /* 0: the default of the kind or the provider */
};

struct record_api_request {
	enum record_api_act act;
	const char *zone_id;              /* "" when the API has none */
	const char *name;                 /* a full name */
	const char *id;                   /* the record to change or delete; else "" or NULL */
	enum publish_type type;           /* for ADD and CHANGE */
	const char *value;                /* for ADD and CHANGE; else NULL */
	uint64_t now_ms;                  /* UNIX time */
	char nonce[RECORD_API_NONCE + 1]; /* random hex digits */
};

/* The request as HTTP. */
struct record_api_http {
	const char *method;
	/* path: what follows the URL. headers: whole lines. body: empty when there is none. */
	struct buf path, headers, body;
};

struct record_api_record {
	const char *id, *type, *value; /* NULL: the item has none, and is no record */
	char number[24];               /* holds an id that is a number */
};

struct record_api_trouble {
	char code[RECORD_API_CODE]; /* the provider's code for it, or the HTTP status */
	const char *message;        /* the provider's sentence, or NULL */
	bool is_theirs;             /* the provider has trouble; the request may be right */
};

struct record_api {
	const char *kind;         /* as in relay.json */
	const char *provider;     /* its name in sentences */
	const char *url;          /* when relay.json has no "api" */
	const char *secret_key;   /* the key in relay.json that names the file with the secret */
	bool has_key_id;          /* relay.json must have "key_id" */
	bool has_zone_ids;        /* requests need the id of the zone, by RECORD_API_ZONE */
	uint64_t listed_after_ms; /* a new record may be missing in the list for so long */
	/* How the codes begin that concern all names: the job is tried again later. Ends with
	 * NULL. */
	const char *const *denied;
	/* How the codes begin by which ADD says that the record exists. Ends with NULL, or NULL. */
	const char *const *there;
	/* Appends to the empty bufs of out, and sets its method. */
	void (*write)(const struct record_api_settings *s, const struct record_api_request *r,
		      struct record_api_http *out);
	/* Whether the answer tells of trouble. out->is_theirs is set before by the status. */
	bool (*is_trouble)(struct conf_at said, unsigned status, struct record_api_trouble *out);
	/* Returns the list in an answer to ZONE or LIST. It has no value when the answer has none.
	 * Reports a member that must be there with conf_error(). */
	struct conf_at (*list)(struct conf_at said);
	/* Reads an item of LIST's list. */
	void (*read)(struct conf_at item, struct record_api_record *out);
};

/* For the rows of the kinds, as publisher_kind.h says. */
void *record_api_read(struct conf_at at, const struct publisher_place *place,
		      const struct record_api *api);
void record_api_drop(void *settings);
char *record_api_id(const void *settings);
bool record_api_serves(const void *settings, const char *name);
void *record_api_start(struct loop *l, const void *settings, publish_done_fn *done, void *owner);
void record_api_publish(void *self, const struct publish_job *job);
void record_api_close(void *self);
#define RECORD_API_PUBLISHER                                                                       \
	.carries_texts = true, .drop = record_api_drop, .id = record_api_id,                       \
	.serves = record_api_serves, .start = record_api_start, .publish = record_api_publish,     \
	.close = record_api_close

/* --- for providers whose requests are signed --- */

enum { RECORD_API_DIGEST = 32, RECORD_API_HEX = 2 * RECORD_API_DIGEST + 1 };

/* Returns the part of the name before the zone, "@" for the zone itself; the caller frees it. */
char *record_api_host(const struct record_api_settings *s, const char *name);
/* Returns the Host field that the request will have, and the path of the URL, at least "/". */
void record_api_authority(const struct record_api_settings *s, char host[300], char path[1024]);
void record_api_sha256(const void *p, size_t len, char hex[RECORD_API_HEX]);
void record_api_hmac(const void *key, size_t key_len, const char *text,
		     uint8_t out[RECORD_API_DIGEST]);

#endif
