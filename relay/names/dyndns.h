/*
 * What DDNS clients ask, read: dyndns2 (/nic/update and its kin), Oray's and 3322's forms, "what is
 * my address". Pure; the traps of real clients are its business: lists, prefixes, dummies, private
 * addresses, credentials in the query.
 */
#ifndef GROUNDNUT_RELAY_NAMES_DYNDNS_H
#define GROUNDNUT_RELAY_NAMES_DYNDNS_H

#include "relay/names/names.h"
#include "shared/net/http.h"

enum { DYNDNS_HOSTS = 20, DYNDNS_USER = 128, DYNDNS_PASSWORD = 256, DYNDNS_ITEMS = 8 };

enum dyndns_door { DYNDNS_UPDATE, DYNDNS_CHECKIP, DYNDNS_MYIP, DYNDNS_NO_DOOR, DYNDNS_NO_METHOD };

struct dyndns_request {
	enum dyndns_door door;
	bool has_credentials;
	/* to be wiped with dyndns_wipe */
	char user[DYNDNS_USER + 1], password[DYNDNS_PASSWORD + 1];
	/* lower case, without a final dot; "" where it is no full name */
	char hosts[DYNDNS_HOSTS][256];
	size_t host_count; /* 0: the account's own name is meant */
	bool too_many;
	struct addr items[DYNDNS_ITEMS]; /* addresses as written */
	size_t item_count;
	bool prefix6;      /* a v6 network without a host was among them */
	bool untouched[2]; /* "no": that family is to be left alone */
	bool offline;
	char client[200]; /* User-Agent, or "" */
};

void dyndns_read(struct http *h, struct dyndns_request *out);
void dyndns_wipe(struct dyndns_request *r);

/* What is to be changed, the same for each host; text: the addresses as the answer names them.
 * False: there is no address that may be published. */
enum { DYNDNS_TEXT = 2 * ADDR_TEXT };
bool dyndns_change(const struct dyndns_request *r, const struct addr *peer,
		   struct names_change *out, char text[DYNDNS_TEXT]);

#endif
