/* The inside of an ACME client, for acme_client.c (which step is next, and its request) and
 * acme_answer.c (what an answer changes) only. */
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
	ACME_STEP_PUBLISH, /* the owner publishes */
	ACME_STEP_CHALLENGE,
	ACME_STEP_POLL,
	ACME_STEP_FINALIZE,
	ACME_STEP_CERTIFICATE
};

/* One authorization of the order. */
struct acme_item {
	bool read;          /* the authorization has been read */
	bool answered;      /* the CA has been told to look, or it need not look */
	bool wished;        /* wish is set */
	char url[ACME_URL]; /* the challenge's URL */
	struct acme_wish wish;
};

struct acme_client {
	/* the account */
	char directory_url[ACME_URL], email[256], account[ACME_URL];
	const char *scheme; /* a literal; all URLs have it */
	char ca[128];       /* the CA's host and port, for a person */
	struct p256 key;
	char binding_id[ACME_BINDING];
	uint8_t binding_key[ACME_BINDING];
	size_t binding_key_len;
	/* from the CA, kept after a job */
	struct acme_directory directory;
	bool has_directory;
	uint64_t directory_ms;  /* when the directory was read */
	char nonce[ACME_NONCE]; /* "": none */
	/* the job */
	enum acme_job job;
	enum acme_client_state end; /* IDLE while the job runs, then DONE or FAILED */
	char names[ACME_NAMES][256];
	size_t name_count;
	enum acme_challenge challenge;
	char profile[ACME_PROFILE], certificate_id[CERTIFICATE_ID];
	bool replaces;            /* the order names certificate_id */
	bool registered_again;    /* the CA did not know the account, and a new one is made */
	char order_url[ACME_URL]; /* "" before there is an order */
	struct acme_order order;
	struct acme_item items[ACME_NAMES]; /* one for each authorization of the order */
	bool finalized;                     /* the CA has taken the request for the certificate */
	struct p256 certificate_key;
	struct certificate certificate; /* the result of an order */
	struct acme_renewal renewal;    /* the result of ACME_JOB_RENEWAL */
	/* the request under way */
	enum acme_step asking; /* NONE: no request is under way */
	size_t asking_item;
	struct buf url, body;
	unsigned requests;           /* of this job */
	unsigned tries, nonce_tries; /* failures of the present step in a row */
	unsigned polls;              /* since the order's status changed */
	uint64_t publish_ms;         /* since when the owner has a wish to publish; 0: none */
	/* No request between these two times. A clock before wait_from_ms was set back: no wait. */
	uint64_t wait_from_ms, wait_until_ms;
	char words[ACME_WORDS];
	uint64_t retry_ms;
};

/* The next step. *item: the authorization that the step belongs to, when it belongs to one. */
enum acme_step acme_client_step(const struct acme_client *c, size_t *item);
/* Fills out with pointers to the names. */
void acme_client_names(const struct acme_client *c, const char *out[ACME_NAMES]);
/* Fails the job. The caller has set retry_ms. */
void acme_client_fail(struct acme_client *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Both are in acme_answer.c. */
/* Takes the answer to the request under way. */
void acme_answer_take(struct acme_client *c, uint64_t now_ms, const struct acme_client_answer *a);
/* Repeats the request under way after a pause of at least pause_ms. Fails the job when the request
 * has failed too often, or the pause is too long. */
void acme_answer_try_again(struct acme_client *c, uint64_t now_ms, uint64_t pause_ms,
			   const char *why);

#endif
