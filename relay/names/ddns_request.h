/*
 * Reads the requests of DDNS clients: dyndns2 (/nic/update and the like), the forms of Oray and
 * 3322, and "what is my address". It handles the traps of real clients: lists, prefixes, dummies,
 * private addresses, credentials in the query. Pure.
 */
#ifndef GROUNDNUT_RELAY_NAMES_DDNS_REQUEST_H
#define GROUNDNUT_RELAY_NAMES_DDNS_REQUEST_H

#include "relay/names/name_registry.h"
#include "shared/http/http_message.h"

enum {
	DDNS_REQUEST_HOSTS = 20,
	DDNS_REQUEST_USER = 128,
	DDNS_REQUEST_PASSWORD = 256,
	DDNS_REQUEST_ITEMS = 8
};

enum ddns_request_path {
	DDNS_REQUEST_UPDATE,
	DDNS_REQUEST_CHECKIP,
	DDNS_REQUEST_MYIP,
	DDNS_REQUEST_NO_PATH,
	DDNS_REQUEST_NO_METHOD
};

struct ddns_request {
	enum ddns_request_path path;
	bool has_credentials;
	/* The owner wipes these with ddns_request_wipe(). */
	char user[DDNS_REQUEST_USER + 1], password[DDNS_REQUEST_PASSWORD + 1];
	/* in lower case, without a final dot; "" for one that is no full name */
	char hosts[DDNS_REQUEST_HOSTS][256];
	size_t host_count; /* 0: the account's own name */
	bool too_many;
	bool is_addressed; /* it has a parameter with addresses, and not just an empty myip */
	struct addr items[DDNS_REQUEST_ITEMS]; /* the addresses that can be read */
	size_t item_count;
	bool prefix6;      /* one of the addresses is a v6 network without a host */
	bool untouched[2]; /* "no", "preserve": A, AAAA stays as it is */
	bool offline;
	char client[200]; /* User-Agent, or "" */
};

void ddns_request_read(struct http_message *h, struct ddns_request *out);
void ddns_request_wipe(struct ddns_request *r);

/* Derives the change, which is the same for each host. text: the addresses for the answer. The
 * peer's address is used when the request gives none, and in place of a private one of its
 * family. A family that the request gives empty or unreadable is not changed. False: there is no
 * address that may be published. */
enum { DDNS_REQUEST_TEXT = 2 * ADDR_TEXT };
bool ddns_request_change(const struct ddns_request *r, const struct addr *peer,
			 struct name_registry_change *out, char text[DDNS_REQUEST_TEXT]);

#endif
