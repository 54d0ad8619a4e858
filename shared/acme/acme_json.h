/*
 * Reads a CA's JSON into plain values: the objects of RFC 8555 section 7.1, problem documents (RFC
 * 7807) and renewal information (RFC 9773). Every text and list has a bound. A reader ignores
 * unknown members, as these RFCs demand; a member of a wrong type is an error.
 *
 * A reader returns 0, or ERR_SYNTAX with one sentence in why. Pure.
 */
#ifndef GROUNDNUT_ACME_ACME_JSON_H
#define GROUNDNUT_ACME_ACME_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ACME_URL = 512,
	ACME_NAMES = 16, /* the most names in one order */
	ACME_TOKEN = 128,
	ACME_WORDS = 512 /* a sentence for a person */
};

enum acme_status {
	ACME_PENDING,
	ACME_READY,
	ACME_PROCESSING,
	ACME_VALID,
	ACME_INVALID,
	ACME_GONE /* deactivated, expired, revoked */
};

struct acme_directory {
	char new_nonce[ACME_URL], new_account[ACME_URL], new_order[ACME_URL];
	char renewal_info[ACME_URL]; /* "": the CA has none */
	bool binding_required;       /* a new account needs an external account binding */
};

struct acme_order {
	enum acme_status status;
	char authorizations[ACME_NAMES][ACME_URL];
	size_t count;
	char finalize[ACME_URL];
	char certificate[ACME_URL]; /* "": there is none yet */
	char error[ACME_WORDS];     /* why the order is invalid; "": the CA does not say */
};

/* The authorization of one name, with its challenge of the wanted type. */
struct acme_authorization {
	enum acme_status status;
	char name[256]; /* without "*." */
	bool wildcard;
	char url[ACME_URL]; /* the challenge's URL; "": the CA does not offer it */
	char token[ACME_TOKEN + 1];
	enum acme_status challenge_status;
	char error[ACME_WORDS]; /* of the first challenge that has one, of any type; or "" */
	char offered[128];      /* the types of all challenges: "dns-01, http-01" */
};

struct acme_problem {
	char type[64];          /* the part behind "urn:ietf:params:acme:error:", or "" */
	char words[ACME_WORDS]; /* never empty */
};

struct acme_renewal {
	uint64_t start_ms, end_ms; /* the window in UNIX time; end > start */
};

/* scheme: each URL must begin with it, "https://" or "http://". */
int acme_json_directory(const char *text, size_t len, const char *scheme,
			struct acme_directory *out, char why[ACME_WORDS]);
int acme_json_order(const char *text, size_t len, const char *scheme, struct acme_order *out,
		    char why[ACME_WORDS]);
/* challenge: the wanted type, such as "dns-01". */
int acme_json_authorization(const char *text, size_t len, const char *scheme, const char *challenge,
			    struct acme_authorization *out, char why[ACME_WORDS]);
int acme_json_renewal(const char *text, size_t len, struct acme_renewal *out, char why[ACME_WORDS]);
/* Reads the body of an answer that is no success, whatever it holds. Never fails. */
void acme_json_problem(unsigned status, const char *text, size_t len, struct acme_problem *out);
/* Whether the text is a URL of this scheme, shorter than ACME_URL and without odd characters. */
bool acme_json_is_url(const char *text, const char *scheme);

#endif
