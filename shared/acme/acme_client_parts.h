/* The insides of an ACME client, shared by acme_client.c (what is next, and how it is asked) and
 * acme_answer.c (what an answer changes); nobody else looks here. */
#ifndef GROUNDNUT_ACME_ACME_CLIENT_PARTS_H
#define GROUNDNUT_ACME_ACME_CLIENT_PARTS_H

#include "shared/acme/acme_client.h"
#include "shared/base/buf.h"

enum { ACME_NONCE = 256, ACME_PROFILE = 64, ACME_BINDING = 256 };

enum acme_job { ACME_JOB_NONE, ACME_JOB_ORDER, ACME_JOB_RENEWAL };

enum acme_step {
	ACME_STEP_NONE,
	ACME_STEP_DIRECTORY,
	ACME_STEP_RENEWAL,
	ACME_STEP_NONCE,
	ACME_STEP_ACCOUNT,
	ACME_STEP_ORDER,
	ACME_STEP_AUTHORIZATION,
	ACME_STEP_PUBLISH, /* the owner's */
	ACME_STEP_CHALLENGE,
	ACME_STEP_POLL,
	ACME_STEP_FINALIZE,
	ACME_STEP_CERTIFICATE
};

/* One authorization of the order. */
struct acme_item {
	bool read;          /* what follows is known */
	bool answered;      /* the CA has been told to look, or need not look */
	bool wished;        /* there is a wish */
	char url[ACME_URL]; /* of the challenge */
	struct acme_wish wish;
};

struct acme_client {
	/* the account */
	char directory_url[ACME_URL], email[256], account[ACME_URL];
	const char *scheme; /* of all URLs: a literal */
	char ca[128];       /* host and port, for a person */
	struct p256 key;
	char binding_id[ACME_BINDING];
	uint8_t binding_key[ACME_BINDING];
	size_t binding_key_len;
	/* what the CA has said that outlives a job */
	struct acme_directory directory;
	bool has_directory;
	uint64_t directory_ms;  /* when it was read */
	char nonce[ACME_NONCE]; /* "" when there is none */
	/* the job */
	enum acme_job job;
	enum acme_client_state end; /* IDLE until it is DONE or FAILED */
	char names[ACME_NAMES][256];
	size_t name_count;
	enum acme_challenge challenge;
	char profile[ACME_PROFILE], certificate_id[CERTIFICATE_ID];
	bool replaces;            /* the order names certificate_id */
	bool registered_again;    /* the account was unknown to the CA, once */
	char order_url[ACME_URL]; /* "" before there is an order */
	struct acme_order order;
	struct acme_item items[ACME_NAMES]; /* as many as the order has authorizations */
	bool finalized;
	struct p256 certificate_key;
	struct certificate certificate; /* once it is there */
	struct acme_renewal renewal;
	/* the request under way */
	enum acme_step asking; /* NONE: there is none */
	size_t asking_item;
	struct buf url, body;
	unsigned requests;           /* so far */
	unsigned tries, nonce_tries; /* of the present step, that failed */
	unsigned polls;              /* since the order's status changed */
	uint64_t publish_ms;         /* since when a wish waits for its owner; 0: none does */
	/* no request before until, unless the clock is before from */
	uint64_t wait_from_ms, wait_until_ms;
	char words[ACME_WORDS];
	uint64_t retry_ms;
};

/* item: of which authorization, where the step is of one */
enum acme_step acme_client_step(const struct acme_client *c, size_t *item);
/* the names as a list */
void acme_client_names(const struct acme_client *c, const char *out[ACME_NAMES]);
/* Ends the job; retry_ms is set before. */
void acme_client_fail(struct acme_client *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* acme_answer.c: of the request under way */
void acme_answer_take(struct acme_client *c, uint64_t now_ms, const struct acme_client_answer *a);
/* The same request again after a pause of at least pause_ms, unless it has failed too often. */
void acme_answer_try_again(struct acme_client *c, uint64_t now_ms, uint64_t pause_ms,
			   const char *why);

#endif
