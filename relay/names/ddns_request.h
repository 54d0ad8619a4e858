/*
 * What DDNS clients ask, read: dyndns2 (/nic/update and its kin), Oray's and 3322's forms, "what is
 * my address". Pure; the traps of real clients are its business: lists, prefixes, dummies, private
 * addresses, credentials in the query.
 */
#ifndef GROUNDNUT_RELAY_NAMES_DDNS_REQUEST_H
#define GROUNDNUT_RELAY_NAMES_DDNS_REQUEST_H

#include "relay/names/names.h"
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
	/* to be wiped with ddns_request_wipe */
	char user[DDNS_REQUEST_USER + 1], password[DDNS_REQUEST_PASSWORD + 1];
	/* lower case, without a final dot; "" where it is no full name */
	char hosts[DDNS_REQUEST_HOSTS][256];
	size_t host_count; /* 0: the account's own name is meant */
	bool too_many;
	bool is_addressed; /* by a parameter that gives addresses, but for an empty myip alone */
	struct addr items[DDNS_REQUEST_ITEMS]; /* those that could be read */
	size_t item_count;
	bool prefix6;      /* a v6 network without a host was among them */
	bool untouched[2]; /* "no", "preserve": A, AAAA is to be left alone */
	bool offline;
	char client[200]; /* User-Agent, or "" */
};

void ddns_request_read(struct http_message *h, struct ddns_request *out);
void ddns_request_wipe(struct ddns_request *r);

/* What is to be changed, the same for each host; text: the addresses as the answer names them. The
 * peer's address counts only where none was given, and in place of a private one of its family; a
 * family that was given empty or unreadable is not touched. False: there is no address that may be
 * published. */
enum { DDNS_REQUEST_TEXT = 2 * ADDR_TEXT };
bool ddns_request_change(const struct ddns_request *r, const struct addr *peer,
			 struct names_change *out, char text[DDNS_REQUEST_TEXT]);

#endif
