/* Orders against a CA in memory: the good ways, everything that can be lost, refused or delayed on
 * them, and answers that no CA should give, cut at every byte. */
#include "shared/acme/acme_client_parts.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "tests/unit/shared/acme/fake_ca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

enum { NONE = 1000, SECOND_MS = 1000 };

struct run {
	struct fake_ca ca;
	struct acme_client *c;
	uint64_t now, waited;
	unsigned lose;    /* the answer to this request (from 1) gets lost */
	unsigned replace; /* this one is replaced by the next two */
	const char *body;
	unsigned status;
	unsigned published;
	char words[ACME_WORDS]; /* the last that were not "" */
};

static struct p256 account_key; /* of all tests */

static void open_with(struct run *r, const char *binding_key)
{
	char why[ACME_WORDS];
	memset(r, 0, sizeof(*r));
	fake_ca_init(&r->ca);
	const struct acme_client_config config = {.directory = FAKE_CA "/directory",
						  .email = "a@b.example",
						  .key = account_key,
						  .binding_id = binding_key ? "kid-1" : NULL,
						  .binding_key = binding_key};
	r->c = acme_client_new(&config, why);
	assert_non_null(r->c);
	r->now = (uint64_t)time(NULL) * 1000;
	r->lose = r->replace = NONE;
}

static void open_run(struct run *r)
{
	open_with(r, NULL);
}

static void close_run(struct run *r)
{
	acme_client_free(r->c);
	fake_ca_fini(&r->ca);
}

static int begin(struct run *r, const char *const *names, size_t count,
		 enum acme_challenge challenge, const char *replaces)
{
	char why[ACME_WORDS];
	const struct acme_client_order order = {.names = names,
						.count = count,
						.challenge = challenge,
						.profile = "shortlived",
						.replaces = replaces};
	return acme_client_order(r->c, &order, why);
}

static void begin_one(struct run *r)
{
	const char *name = "nas.example";
	assert_int_equal(begin(r, &name, 1, ACME_TLS_ALPN_01, NULL), 0);
}

static void ask(struct run *r)
{
	struct acme_client_request q;
	struct acme_client_answer a;
	acme_client_request(r->c, &q);
	fake_ca_ask(&r->ca, &q, &a);
	unsigned n = acme_client_requests(r->c);
	if (n == r->lose) {
		acme_client_no_answer(r->c, r->now, "the line is dead");
		return;
	}
	if (n == r->replace) {
		a.status = r->status;
		a.body = r->body;
		a.body_len = strlen(r->body);
	}
	/* A copy of exactly that size, so that a sanitizer sees every byte read too much. */
	void *exact = mem_dup(a.body ? a.body : "", a.body_len);
	a.body = exact;
	acme_client_answer(r->c, r->now, &a);
	mem_free(exact);
}

static void publish(struct run *r)
{
	for (size_t i = 0; i < acme_client_wishes(r->c); i++) {
		const struct acme_wish *w = acme_client_wish(r->c, i);
		assert_true(fake_ca_sees(&r->ca, i, w));
		if (!w->published)
			r->published++;
		acme_client_published(r->c, i);
	}
}

/* One step; false: the job has ended. */
static bool step(struct run *r)
{
	switch (acme_client_look(r->c, r->now)) {
	case ACME_CLIENT_ASK:
		ask(r);
		break;
	case ACME_CLIENT_PUBLISH:
		publish(r);
		break;
	case ACME_CLIENT_WAIT:
		assert_true(acme_client_wake_ms(r->c) > r->now);
		r->waited += acme_client_wake_ms(r->c) - r->now;
		r->now = acme_client_wake_ms(r->c);
		break;
	default:
		return false;
	}
	if (acme_client_words(r->c)[0])
		snprintf(r->words, sizeof(r->words), "%s", acme_client_words(r->c));
	return true;
}

static void finish(struct run *r, enum acme_client_state wanted)
{
	while (step(r))
		;
	if (acme_client_look(r->c, r->now) != wanted)
		fail_msg("ended as %d: %s", acme_client_look(r->c, r->now), r->words);
	assert_int_equal(acme_client_words(r->c)[0] != 0, wanted == ACME_CLIENT_FAILED);
	assert_int_equal(acme_client_wishes(r->c), 0);
}

static void fails_with(struct run *r, const char *words)
{
	finish(r, ACME_CLIENT_FAILED);
	if (!strstr(acme_client_words(r->c), words))
		fail_msg("\"%s\", not \"%s\"", acme_client_words(r->c), words);
}

/* --- the good ways --- */

static void a_certificate_by_each_challenge(void **state)
{
	static const struct {
		const char *names[2];
		size_t count;
		enum acme_challenge challenge;
		unsigned requests;
	} rows[] = {{{"nas.example"}, 1, ACME_TLS_ALPN_01, 10},
		    {{"192.0.2.1", "2001:db8::1"}, 2, ACME_TLS_ALPN_01, 12},
		    {{"nas.example"}, 1, ACME_HTTP_01, 10},
		    {{"*.alice.example", "alice.example"}, 2, ACME_DNS_01, 12}};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run r;
		open_run(&r);
		assert_int_equal(begin(&r, rows[i].names, rows[i].count, rows[i].challenge, NULL),
				 0);
		finish(&r, ACME_CLIENT_DONE);
		const struct certificate *x = acme_client_certificate(r.c);
		assert_int_equal(r.published, rows[i].count);
		assert_int_equal(acme_client_requests(r.c), rows[i].requests);
		assert_string_equal(x->issuer, "Fake X1");
		assert_string_equal(r.ca.profile, "shortlived");
		assert_int_equal((x->not_after_ms - x->not_before_ms) / 86400000, 90);
		assert_string_equal(acme_client_account(r.c), FAKE_CA "/account/1");
		assert_memory_not_equal(acme_client_certificate_key(r.c), &account_key,
					sizeof(account_key));
		close_run(&r);
	}
}

static void the_next_order_needs_less(void **state)
{
	struct run r;
	(void)state;
	open_run(&r);
	begin_one(&r);
	finish(&r, ACME_CLIENT_DONE);
	struct p256 first = *acme_client_certificate_key(r.c);
	char id[CERTIFICATE_ID];
	snprintf(id, sizeof(id), "%s", acme_client_certificate(r.c)->id);
	acme_client_end(r.c);
	assert_int_equal(acme_client_look(r.c, r.now), ACME_CLIENT_IDLE);
	const char *name = "nas.example";
	r.ca.ready_at_once = true;
	assert_int_equal(begin(&r, &name, 1, ACME_TLS_ALPN_01, id), 0);
	finish(&r, ACME_CLIENT_DONE);
	assert_true(r.ca.replaced);
	assert_int_equal(r.published, 1);
	assert_int_equal(acme_client_requests(r.c), 4);
	assert_memory_not_equal(acme_client_certificate_key(r.c), &first, sizeof(first));
	acme_client_end(r.c);
	/* A day later the directory is read anew. */
	r.now += 25 * 3600 * 1000;
	assert_int_equal(begin(&r, &name, 1, ACME_TLS_ALPN_01, NULL), 0);
	finish(&r, ACME_CLIENT_DONE);
	assert_int_equal(acme_client_requests(r.c), 5);
	close_run(&r);
}

static void wishes_last_until_the_ca_has_decided(void **state)
{
	struct run r;
	(void)state;
	open_run(&r);
	r.ca.slow = 3;
	begin_one(&r);
	bool seen = false;
	while (step(&r)) {
		bool wished = acme_client_wishes(r.c) > 0;
		assert_true(!wished || r.ca.questions < 3);
		seen |= wished && r.ca.questions == 2;
	}
	assert_true(seen);
	assert_int_equal(acme_client_look(r.c, r.now), ACME_CLIENT_DONE);
	/* 0.5, 1, 2 s for each decision */
	assert_int_equal(r.waited, 7000);
	close_run(&r);
}

static void the_ca_says_how_long_to_wait(void **state)
{
	static const struct {
		const char *text;
		uint64_t waited;
	} rows[] = {{"3", 6000}, {"0", 1000}, {"soon", 1000}, {"100000", 120000}, {"-1", 1000}};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run r;
		open_run(&r);
		r.ca.slow = 1;
		r.ca.retry_after = rows[i].text;
		begin_one(&r);
		finish(&r, ACME_CLIENT_DONE);
		assert_int_equal(r.waited, rows[i].waited);
		close_run(&r);
	}
}

static void an_account_is_bound(void **state)
{
	struct run r;
	(void)state;
	open_run(&r);
	r.ca.needs_binding = true;
	begin_one(&r);
	fails_with(&r, "ca.test: wants an external account binding");
	close_run(&r);
	open_with(&r, FAKE_SECRET);
	r.ca.needs_binding = true;
	begin_one(&r);
	finish(&r, ACME_CLIENT_DONE);
	close_run(&r);
	open_with(&r, "AAAA");
	r.ca.needs_binding = true;
	begin_one(&r);
	fails_with(&r, "ca.test: externalAccountRequired: not bound");
	close_run(&r);
}

static void a_configuration_that_cannot_be_is_told(void **state)
{
	char why[ACME_WORDS];
	struct acme_client_config config = {.directory = "ftp://ca.test/"};
	(void)state;
	assert_null(acme_client_new(&config, why));
	assert_string_equal(why, "\"ftp://ca.test/\" is no URL of an ACME directory");
	config.directory = FAKE_CA "/directory";
	config.binding_id = "kid";
	config.binding_key = "!";
	assert_null(acme_client_new(&config, why));
	assert_string_equal(why, "the key of the account binding is not base64url");
}

static void orders_that_cannot_be_are_not_begun(void **state)
{
	static const struct {
		const char *names[2];
		size_t count;
		enum acme_challenge challenge;
		const char *why;
	} rows[] = {
	    {{"a b"}, 1, ACME_DNS_01, "\"a b\" is no name for a certificate"},
	    {{"*.a.example"}, 1, ACME_HTTP_01, "*.a.example can be had by dns-01 only"},
	    {{"192.0.2.1"}, 1, ACME_DNS_01, "192.0.2.1 is an address, which dns-01 cannot prove"},
	    {{"a.example", "A.Example."}, 2, ACME_DNS_01, "a.example is named twice"},
	    {{NULL}, 0, ACME_DNS_01, "a certificate has 1 to 16 names, not 0"}};
	struct run r;
	char why[ACME_WORDS];
	(void)state;
	open_run(&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct acme_client_order order = {
		    .names = rows[i].names, .count = rows[i].count, .challenge = rows[i].challenge};
		assert_int_equal(acme_client_order(r.c, &order, why), ERR_SYNTAX);
		assert_string_equal(why, rows[i].why);
		assert_int_equal(acme_client_look(r.c, r.now), ACME_CLIENT_IDLE);
	}
	close_run(&r);
}

/* --- what may get lost, be refused, or come late --- */

static void any_answer_may_get_lost(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 12; n++) {
		struct run r;
		const char *names[] = {"*.alice.example", "alice.example"};
		open_run(&r);
		r.lose = n;
		assert_int_equal(begin(&r, names, 2, ACME_DNS_01, NULL), 0);
		finish(&r, ACME_CLIENT_DONE);
		assert_string_equal(r.words, "ca.test: the line is dead");
		/* the request again, and a nonce where one was spent */
		assert_in_range(acme_client_requests(r.c), 13, 14);
		close_run(&r);
	}
}

static void the_ca_may_stumble_anywhere(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 10; n++) {
		struct run r;
		open_run(&r);
		r.replace = n;
		r.status = 503;
		r.body = "<html>";
		begin_one(&r);
		finish(&r, ACME_CLIENT_DONE);
		assert_string_equal(r.words, "ca.test: HTTP status 503");
		close_run(&r);
	}
}

static void a_ca_that_is_down_fails_the_job(void **state)
{
	struct run r;
	(void)state;
	open_run(&r);
	begin_one(&r);
	for (enum acme_client_state s; (s = acme_client_look(r.c, r.now)) != ACME_CLIENT_FAILED;) {
		struct acme_client_request q;
		if (s == ACME_CLIENT_WAIT) {
			r.now = acme_client_wake_ms(r.c);
			continue;
		}
		acme_client_request(r.c, &q);
		assert_int_equal(acme_client_look(r.c, r.now), ACME_CLIENT_WAIT);
		assert_true(acme_client_wake_ms(r.c) == UINT64_MAX);
		acme_client_no_answer(r.c, r.now, "connection refused");
	}
	assert_string_equal(acme_client_words(r.c), "ca.test: connection refused");
	assert_int_equal(acme_client_requests(r.c), 5);
	assert_false(acme_client_ordered(r.c));
	assert_true(acme_client_retry_ms(r.c) == 0);
	close_run(&r);
}

static void bad_nonces_are_tried_again(void **state)
{
	struct run r;
	(void)state;
	open_run(&r);
	r.ca.refuse_nonces = 20;
	begin_one(&r);
	finish(&r, ACME_CLIENT_DONE);
	assert_int_equal(acme_client_requests(r.c), 30);
	close_run(&r);
	open_run(&r);
	r.ca.refuse_nonces = 21;
	begin_one(&r);
	fails_with(&r, "ca.test: badNonce: bad nonce");
	close_run(&r);
	/* every second one */
	open_run(&r);
	begin_one(&r);
	while (step(&r))
		r.ca.refuse_nonces = r.ca.asked % 2;
	assert_int_equal(acme_client_look(r.c, r.now), ACME_CLIENT_DONE);
	close_run(&r);
}

static void a_forgotten_account_is_made_again(void **state)
{
	struct run r;
	(void)state;
	open_run(&r);
	begin_one(&r);
	finish(&r, ACME_CLIENT_DONE);
	acme_client_end(r.c);
	r.ca.has_account = false;
	begin_one(&r);
	finish(&r, ACME_CLIENT_DONE);
	acme_client_end(r.c);
	begin_one(&r);
	while (step(&r))
		r.ca.has_account = false; /* again and again */
	assert_non_null(strstr(r.words, "ca.test: accountDoesNotExist: who?"));
	close_run(&r);
}

static void a_refused_replaces_is_left_out(void **state)
{
	static const unsigned statuses[] = {409, 404, 500};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct run r;
		const char *name = "nas.example";
		open_run(&r);
		r.ca.refuse_replaces = statuses[i];
		assert_int_equal(begin(&r, &name, 1, ACME_TLS_ALPN_01, "aki.serial"), 0);
		finish(&r, ACME_CLIENT_DONE);
		assert_false(r.ca.replaced);
		close_run(&r);
	}
	struct run r;
	const char *name = "nas.example";
	open_run(&r);
	r.ca.no_renewal_info = true; /* such a CA is not told */
	assert_int_equal(begin(&r, &name, 1, ACME_TLS_ALPN_01, "aki.serial"), 0);
	finish(&r, ACME_CLIENT_DONE);
	assert_false(r.ca.replaced);
	close_run(&r);
}

#define LIMITED                                                                                    \
	"{\"type\":\"urn:ietf:params:acme:error:rateLimited\",\"detail\":\"too many certificates " \
	"(50) already issued for \\\"example\\\"\"}"

static void a_rate_limit_tells_when_it_goes_on(void **state)
{
	struct run r;
	char when[32];
	(void)state;
	open_run(&r);
	r.replace = 4;
	r.status = 429;
	r.body = LIMITED;
	r.ca.retry_after = "7200";
	begin_one(&r);
	finish(&r, ACME_CLIENT_FAILED);
	char *wanted = mem_printf("ca.test: rateLimited: too many certificates (50) already issued "
				  "for \"example\" (it goes on at %s)",
				  text_time(r.now + 7200000, when));
	assert_string_equal(acme_client_words(r.c), wanted);
	assert_true(acme_client_retry_ms(r.c) == r.now + 7200000);
	assert_false(acme_client_ordered(r.c));
	mem_free(wanted);
	close_run(&r);
	/* a short one is waited for */
	open_run(&r);
	r.replace = 4;
	r.status = 429;
	r.body = LIMITED;
	r.ca.retry_after = "30";
	begin_one(&r);
	finish(&r, ACME_CLIENT_DONE);
	assert_true(r.waited >= 30000);
	close_run(&r);
	/* one without a time */
	open_run(&r);
	r.replace = 4;
	r.status = 429;
	r.body = LIMITED;
	begin_one(&r);
	fails_with(&r, "rateLimited");
	assert_true(acme_client_retry_ms(r.c) == 0);
	close_run(&r);
}

static void a_challenge_that_fails_says_for_which_name(void **state)
{
	struct run r;
	const char *names[] = {"*.alice.example", "alice.example"};
	(void)state;
	open_run(&r);
	r.ca.challenge_error = "Correct value not found";
	assert_int_equal(begin(&r, names, 2, ACME_DNS_01, NULL), 0);
	finish(&r, ACME_CLIENT_FAILED);
	assert_string_equal(acme_client_words(r.c),
			    "ca.test: *.alice.example: unauthorized: Correct value not found");
	assert_true(acme_client_ordered(r.c));
	close_run(&r);
}

static void a_challenge_that_is_not_offered(void **state)
{
	struct run r;
	(void)state;
	open_run(&r);
	r.ca.challenges = "http-01 dns-01";
	begin_one(&r);
	finish(&r, ACME_CLIENT_FAILED);
	assert_string_equal(acme_client_words(r.c),
			    "ca.test: offers no tls-alpn-01 for nas.example (it offers: http-01, "
			    "dns-01)");
	close_run(&r);
}

static void what_cannot_be_published_fails_the_job(void **state)
{
	struct run r;
	(void)state;
	open_run(&r);
	begin_one(&r);
	while (acme_client_look(r.c, r.now) != ACME_CLIENT_PUBLISH)
		step(&r);
	acme_client_not_published(r.c, 0, "the relay refused it");
	assert_int_equal(acme_client_look(r.c, r.now), ACME_CLIENT_FAILED);
	assert_string_equal(acme_client_words(r.c),
			    "tls-alpn-01 for nas.example: the relay refused it");
	close_run(&r);
}

/* An owner that says nothing, as a relay that has gone: the job ends, and the next one begins its
 * own time. */
static void a_wish_does_not_wait_for_ever(void **state)
{
	struct run r;
	(void)state;
	open_run(&r);
	for (int i = 0; i < 2; i++) {
		begin_one(&r);
		while (acme_client_look(r.c, r.now) != ACME_CLIENT_PUBLISH) {
			step(&r);
			r.now += SECOND_MS;
		}
		r.now += ACME_CLIENT_PUBLISH_MS - 1;
		assert_int_equal(acme_client_look(r.c, r.now), ACME_CLIENT_PUBLISH);
		r.now -= ACME_CLIENT_PUBLISH_MS + SECOND_MS; /* the clock is set back */
		assert_int_equal(acme_client_look(r.c, r.now), ACME_CLIENT_PUBLISH);
		r.now += ACME_CLIENT_PUBLISH_MS;
		assert_int_equal(acme_client_look(r.c, r.now), ACME_CLIENT_FAILED);
		assert_string_equal(acme_client_words(r.c),
				    "tls-alpn-01 for nas.example: not published within 180 s");
		acme_client_end(r.c);
	}
	close_run(&r);
}

static void no_decision_ends_the_job(void **state)
{
	struct run r;
	(void)state;
	open_run(&r);
	r.ca.slow = NONE;
	begin_one(&r);
	fails_with(&r, "ca.test: no decision about the order after 60 questions");
	assert_in_range(r.waited, 250000, 600000);
	close_run(&r);
}

static void a_job_may_be_given_up_anywhere(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 13; n++) {
		struct run r;
		open_run(&r);
		begin_one(&r);
		for (unsigned i = 0; i < n; i++)
			step(&r);
		if (acme_client_look(r.c, r.now) == ACME_CLIENT_ASK) {
			struct acme_client_request q;
			acme_client_request(r.c, &q);
			assert_true(acme_client_is_asking(r.c));
		}
		acme_client_end(r.c);
		assert_false(acme_client_is_asking(r.c));
		assert_int_equal(acme_client_wishes(r.c), 0);
		begin_one(&r);
		finish(&r, ACME_CLIENT_DONE);
		close_run(&r);
	}
}

static void a_clock_that_is_set_back_delays_nothing(void **state)
{
	struct run r;
	(void)state;
	open_run(&r);
	r.ca.slow = 1;
	begin_one(&r);
	while (acme_client_look(r.c, r.now) != ACME_CLIENT_WAIT)
		step(&r);
	assert_int_equal(acme_client_look(r.c, r.now - 86400000), ACME_CLIENT_ASK);
	close_run(&r);
}

static void a_certificate_that_is_over_blames_the_clock(void **state)
{
	struct run r;
	(void)state;
	open_run(&r);
	r.now += 91ull * 86400000;
	begin_one(&r);
	fails_with(&r, "is this machine's clock right?");
	close_run(&r);
}

/* --- renewal information --- */

static void begin_renewal(struct run *r)
{
	char why[ACME_WORDS];
	assert_int_equal(acme_client_ask_renewal(r->c, "aki.serial", why), 0);
}

static void the_time_for_renewal_is_asked_for(void **state)
{
	struct run r;
	char why[ACME_WORDS];
	(void)state;
	open_run(&r);
	r.ca.retry_after = "21600";
	begin_renewal(&r);
	finish(&r, ACME_CLIENT_DONE);
	const struct acme_renewal *w = acme_client_renewal(r.c);
	assert_int_equal(w->end_ms - w->start_ms, 2 * 86400000);
	assert_int_equal(acme_client_requests(r.c), 2);
	assert_true(acme_client_retry_ms(r.c) == r.now + 21600000);
	acme_client_end(r.c);
	assert_int_equal(acme_client_ask_renewal(r.c, "", why), ERR_SYNTAX);
	assert_int_equal(acme_client_ask_renewal(r.c, "../x", why), ERR_SYNTAX);
	close_run(&r);
	open_run(&r);
	r.ca.no_renewal_info = true;
	begin_renewal(&r);
	fails_with(&r, "ca.test: tells no times for renewal");
	close_run(&r);
}

static void windows_that_cannot_be_are_refused(void **state)
{
	static const char *const bodies[] = {
	    "{}",
	    "[]",
	    "",
	    "{\"suggestedWindow\":1}",
	    "{\"suggestedWindow\":{}}",
	    "{\"suggestedWindow\":{\"start\":\"2026-12-01T00:00:00Z\"}}",
	    "{\"suggestedWindow\":{\"start\":\"2026-12-01T00:00:00Z\",\"end\":\"never\"}}",
	    "{\"suggestedWindow\":{\"start\":\"2026-12-01T00:00:00Z\",\"end\":"
	    "\"2026-12-01T00:00:00Z\"}}"};
	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct run r;
		open_run(&r);
		r.replace = 2;
		r.status = 200;
		r.body = bodies[i];
		begin_renewal(&r);
		fails_with(&r, "ca.test: renewal information: ");
		close_run(&r);
	}
}

/* --- answers that no CA should give --- */

/* The machine is plain data: a copy of it takes the cut answer, and the machine itself goes on. */
static bool takes(const struct run *r, const struct acme_client_answer *whole, size_t len)
{
	struct acme_client copy = *r->c;
	struct acme_client_answer a = *whole;
	void *exact = mem_dup(whole->body ? whole->body : "", len);
	a.body = exact;
	a.body_len = len;
	acme_client_answer(&copy, r->now, &a);
	bool taken = copy.end != ACME_CLIENT_FAILED;
	assert_int_equal(copy.words[0] == 0, taken);
	certificate_fini(&copy.certificate);
	mem_free(exact);
	return taken;
}

/* Whether a body says anything, in the order of an order with two names. */
static const bool is_read[12] = {true,  false, false, true, true, true,
				 false, false, true,  true, true, true};

/* A chain may be of any length, so one that ends after its first certificate is a chain; and line
 * ends are no loss. */
static bool ends_with_certificate(const char *text, size_t len)
{
	static const char end[] = "-----END CERTIFICATE-----";
	while (len && text[len - 1] == '\n')
		len--;
	return len >= strlen(end) && memcmp(text + len - strlen(end), end, strlen(end)) == 0;
}

static void cut_everywhere(struct run *r, unsigned n)
{
	struct acme_client_request q;
	struct acme_client_answer a;
	acme_client_request(r->c, &q);
	fake_ca_ask(&r->ca, &q, &a);
	for (size_t len = 0; len < a.body_len; len++) {
		bool is_whole = n == 11 && ends_with_certificate(a.body, len);
		if (takes(r, &a, len) != (is_whole || !is_read[n]))
			fail_msg("answer %u cut at %zu: %.40s", n, len,
				 (const char *)a.body + (len > 40 ? len - 40 : 0));
	}
	assert_true(takes(r, &a, a.body_len));
	acme_client_answer(r->c, r->now, &a);
}

static void every_answer_cut_at_every_byte(void **state)
{
	const char *names[] = {"*.alice.example", "alice.example"};
	unsigned n = 0;
	struct run r;
	(void)state;
	open_run(&r);
	assert_int_equal(begin(&r, names, 2, ACME_DNS_01, NULL), 0);
	for (bool more = true; more;) {
		if (acme_client_look(r.c, r.now) == ACME_CLIENT_ASK)
			cut_everywhere(&r, n++);
		else
			more = step(&r);
	}
	assert_int_equal(acme_client_look(r.c, r.now), ACME_CLIENT_DONE);
	assert_int_equal(n, 12);
	close_run(&r);
}

static void hostile_answers_fail_the_job(void **state)
{
#define AT(path)      "\"" FAKE_CA path "\""
#define ORDER_BEGIN   "{\"finalize\":" AT("/finalize") ",\"status\":"
#define FOUR          AT("/a") "," AT("/a") "," AT("/a") "," AT("/a") ","
#define PENDING(list) ORDER_BEGIN "\"pending\",\"authorizations\":[" list "]}"
#define AUTHZ(id, challenges)                                                                      \
	"{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"" id                 \
	"\"},\"challenges\":[" challenges "]}"
#define CHALLENGE(url, token)                                                                      \
	"{\"type\":\"tls-alpn-01\",\"status\":\"pending\",\"url\":" url ",\"token\":" token "}"
	static const struct {
		unsigned request;
		const char *body, *words;
	} rows[] = {
	    {1, "", "ca.test: directory: is empty"},
	    {1, "[]", "ca.test: directory: must be an object, not a list"},
	    {1, "{\"newNonce\":1}", "ca.test: directory: newNonce: must be a string, not a number"},
	    {1, "{\"newNonce\":\"x\",\"newNonce\":\"y\"}", "ca.test: directory: line 1, column"},
	    {1,
	     "{\"newNonce\":\"http://ca.test/n\",\"newAccount\":" AT("/a") ",\"newOrder\":" AT(
		 "/o") "}",
	     "directory: newNonce: \"http://ca.test/n\" is no https:// URL that can be used"},
	    {1,
	     "{\"newNonce\":" AT("/n") ",\"newAccount\":" AT("/a") ",\"newOrder\":" AT(
		 "/o\\r\\nX: y") "}",
	     "directory: newOrder: \"https://ca.test/o??X: y\" is no https:// URL"},
	    {1,
	     "{\"newNonce\":" AT("/n") ",\"newAccount\":" AT("/a") ",\"newOrder\":" AT(
		 "/o") ",\"meta\":[]}",
	     "directory: meta: must be an object, not a list"},
	    {4, PENDING(""), "ca.test: the order is pending without anything to do for it"},
	    {4, ORDER_BEGIN "\"valid\"}",
	     "ca.test: the order is valid without a certificate for it"},
	    {4, ORDER_BEGIN "\"lost\"}", "ca.test: order: status: \"lost\" is no status"},
	    {4, ORDER_BEGIN "\"expired\"}", "ca.test: the order failed"},
	    {4,
	     ORDER_BEGIN "\"invalid\",\"error\":{\"type\":\"urn:ietf:params:acme:error:caa\","
			 "\"detail\":\"CAA\\u0007 forbids\",\"subproblems\":[{\"identifier\":"
			 "{\"value\":\"nas.example\"},\"detail\":\"no\"}]}}",
	     "ca.test: the order failed: caa: CAA? forbids; for nas.example: no"},
	    {4, "{\"status\":\"pending\",\"authorizations\":[]}", "order: finalize: missing"},
	    {4, PENDING("1"), "order: authorizations[0]: must be a string, not a number"},
	    {4, PENDING(FOUR FOUR FOUR FOUR AT("/a")), "order: authorizations: are more than 16"},
	    {5, AUTHZ("nas.example", ""),
	     "offers no tls-alpn-01 for nas.example (it offers: nothing)"},
	    {5, AUTHZ("bank\\u001b[2J", ""), "ca.test: wants to be shown bank?[2J, which was not"},
	    {5, AUTHZ("bank.example", CHALLENGE(AT("/chall/0"), "\"abc\"")),
	     "ca.test: wants to be shown bank.example, which was not ordered"},
	    {5, AUTHZ("nas.example", CHALLENGE(AT("/chall/0"), "\"../../etc/passwd\"")),
	     "authorization: challenges[0].token: is no token of base64url"},
	    {5, AUTHZ("nas.example", CHALLENGE(AT("/chall/0"), "\"\"")),
	     "authorization: challenges[0].token: is no token of base64url"},
	    {5, AUTHZ("nas.example", CHALLENGE("\"file:///x\"", "\"abc\"")),
	     "authorization: challenges[0].url: \"file:///x\" is no https:// URL"},
	    {5, "{\"status\":\"pending\"}", "authorization: identifier: missing"},
	    {5, "{\"status\":\"invalid\",\"identifier\":{\"value\":\"nas.example\"}}",
	     "ca.test: nas.example: refused, without why"},
	    {7, PENDING(""), "ca.test: has changed how many authorizations the order has"},
	    {7,
	     ORDER_BEGIN
	     "\"valid\",\"certificate\":" AT("/cert") ",\"authorizations\":[" AT("/authz/0") "]}",
	     "the order is valid without a certificate for it"},
	    {10, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	     "ca.test: no chain of certificates in PEM form"},
	    {10, "<html>", "ca.test: no chain of certificates in PEM form"}};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run r;
		open_run(&r);
		r.replace = rows[i].request;
		r.status = 200;
		r.body = rows[i].body;
		begin_one(&r);
		fails_with(&r, rows[i].words);
		close_run(&r);
	}
}

static void statuses_that_mean_nothing_here_fail_the_job(void **state)
{
	static const unsigned statuses[] = {301, 400, 401, 403, 404, 405, 418, 429};
	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		for (unsigned n = 1; n <= 10; n++) {
			struct run r;
			char words[64];
			open_run(&r);
			r.replace = n;
			r.status = statuses[i];
			r.body = i % 2 ? "{\"type\":7,\"detail\":[],\"subproblems\":{}}" : "";
			snprintf(words, sizeof(words), "ca.test: HTTP status %u", statuses[i]);
			begin_one(&r);
			finish(&r, ACME_CLIENT_FAILED);
			assert_string_equal(acme_client_words(r.c), words);
			close_run(&r);
		}
	}
}

static void an_answer_without_end_fails_the_job(void **state)
{
	struct run r;
	char *large = mem_zalloc(ACME_CLIENT_ANSWER_MAX + 2);
	(void)state;
	memset(large, ' ', ACME_CLIENT_ANSWER_MAX + 1);
	open_run(&r);
	r.replace = 4;
	r.status = 200;
	r.body = large;
	begin_one(&r);
	fails_with(&r, "ca.test: an answer of more than 256 KiB");
	close_run(&r);
	mem_free(large);
}

static void a_certificate_of_somebody_else_is_refused(void **state)
{
	struct run r, other;
	(void)state;
	open_run(&other);
	begin_one(&other);
	finish(&other, ACME_CLIENT_DONE);
	open_run(&r);
	r.replace = 10;
	r.status = 200;
	r.body = buf_str(&other.ca.certificate);
	begin_one(&r);
	fails_with(&r, "ca.test: the certificate is of another key");
	close_run(&r);
	close_run(&other);
}

static void words_stay_whole_where_the_ca_says_much(void **state)
{
	struct run r;
	char body[4000];
	(void)state;
	open_run(&r);
	int len = snprintf(body, sizeof(body),
			   "{\"type\":\"urn:ietf:params:acme:error:rateLimited\",\"detail\":\"");
	for (unsigned i = 0; i < 1000; i++)
		len += snprintf(body + len, sizeof(body) - (size_t)len, "ä");
	snprintf(body + len, sizeof(body) - (size_t)len, "\"}");
	r.replace = 4;
	r.status = 429;
	r.body = body;
	r.ca.retry_after = "86400";
	begin_one(&r);
	finish(&r, ACME_CLIENT_FAILED);
	const char *words = acme_client_words(r.c), *end = strstr(words, "ä (it goes on at 20");
	assert_non_null(end);
	assert_string_equal(end + strlen(end) - 2, "Z)");
	close_run(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_certificate_by_each_challenge),
	    cmocka_unit_test(the_next_order_needs_less),
	    cmocka_unit_test(wishes_last_until_the_ca_has_decided),
	    cmocka_unit_test(the_ca_says_how_long_to_wait),
	    cmocka_unit_test(an_account_is_bound),
	    cmocka_unit_test(a_configuration_that_cannot_be_is_told),
	    cmocka_unit_test(orders_that_cannot_be_are_not_begun),
	    cmocka_unit_test(any_answer_may_get_lost),
	    cmocka_unit_test(the_ca_may_stumble_anywhere),
	    cmocka_unit_test(a_ca_that_is_down_fails_the_job),
	    cmocka_unit_test(bad_nonces_are_tried_again),
	    cmocka_unit_test(a_forgotten_account_is_made_again),
	    cmocka_unit_test(a_refused_replaces_is_left_out),
	    cmocka_unit_test(a_rate_limit_tells_when_it_goes_on),
	    cmocka_unit_test(a_challenge_that_fails_says_for_which_name),
	    cmocka_unit_test(a_challenge_that_is_not_offered),
	    cmocka_unit_test(what_cannot_be_published_fails_the_job),
	    cmocka_unit_test(a_wish_does_not_wait_for_ever),
	    cmocka_unit_test(no_decision_ends_the_job),
	    cmocka_unit_test(a_job_may_be_given_up_anywhere),
	    cmocka_unit_test(a_clock_that_is_set_back_delays_nothing),
	    cmocka_unit_test(a_certificate_that_is_over_blames_the_clock),
	    cmocka_unit_test(the_time_for_renewal_is_asked_for),
	    cmocka_unit_test(windows_that_cannot_be_are_refused),
	    cmocka_unit_test(every_answer_cut_at_every_byte),
	    cmocka_unit_test(hostile_answers_fail_the_job),
	    cmocka_unit_test(statuses_that_mean_nothing_here_fail_the_job),
	    cmocka_unit_test(an_answer_without_end_fails_the_job),
	    cmocka_unit_test(a_certificate_of_somebody_else_is_refused),
	    cmocka_unit_test(words_stay_whole_where_the_ca_says_much),
	};
	p256_new(&account_key);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
