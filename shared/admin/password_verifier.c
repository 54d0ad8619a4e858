/*
 * The guess limiter admits a try, and the try waits for its turn. The pool verifies its password
 * against admin.json, then its code when there is a second factor; the code's step is written to
 * the file before the code counts. off_pool() notes the result, begins the next try, and tells the
 * owner.
 *
 *	the limiter does not admit the source        refused at once
 *	PASSWORD_VERIFIER_WAITING tries wait already       the one that would come last is refused
 *	too many codes were wrong lately             wrong, and the code is not verified
 *	there is no password in the file             wrong, after the same work
 *	the file cannot be read or written           failed
 *	the owner closes while a try is on the pool  the try is freed when it comes back
 */
#include "shared/admin/password_verifier.h"

#include "shared/admin/admin_file.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/guess_limiter.h"
#include "shared/base/log.h"
#include "shared/base/login_queue.h"
#include "shared/base/mem.h"
#include "shared/base/token_bucket.h"
#include "shared/base/totp.h"
#include "shared/net/failure_log.h"

#include <string.h>
#include <unistd.h>

struct pending {
	struct login_queue_item turn;
	struct password_verifier *login; /* NULL: closed while this one was on the pool */
	struct addr peer;
	char *file, *password, *code;
	void *arg;
	bool takes_codes; /* false: too many codes were wrong lately */
	/* set on the pool */
	enum password_verifier_result result;
	const char *wrong; /* what was wrong, for the log */
	bool wrong_code;   /* a code was verified, and it was wrong */
	char *why;         /* why it failed */
};

struct password_verifier {
	struct loop *loop;
	password_verifier_fn *fn;
	void *owner;
	struct guess_limiter *guesses;
	struct token_bucket codes; /* wrong codes, in seconds */
	struct login_queue *queue;
	struct pending *running; /* on the pool, or NULL */
	struct failure_log *log;
};

static void pending_free(struct pending *p)
{
	mem_wipe(p->password, strlen(p->password));
	mem_free(p->password);
	mem_free(p->code);
	mem_free(p->file);
	mem_free(p->why);
	mem_free(p);
}

/* --- on the pool --- */

/* Reads the file again under its lock, so that a code counts once also when others write. */
static enum password_verifier_result use_code_locked(struct pending *p)
{
	struct admin_file f;
	if (admin_file_read(p->file, &f, &p->why) < 0)
		return PASSWORD_VERIFIER_FAILED;
	if (!*f.totp_secret)
		return PASSWORD_VERIFIER_RIGHT;
	uint64_t step = totp_match(f.totp_secret, p->code, loop_wall_ms() / 1000, f.totp_used);
	p->wrong_code = !step;
	p->wrong = "a wrong code";
	if (!step)
		return PASSWORD_VERIFIER_WRONG;
	f.totp_used = step;
	return admin_file_write(p->file, &f, &p->why) < 0 ? PASSWORD_VERIFIER_FAILED
							  : PASSWORD_VERIFIER_RIGHT;
}

static enum password_verifier_result use_code(struct pending *p)
{
	p->wrong = "a code after too many wrong ones";
	if (!p->takes_codes)
		return PASSWORD_VERIFIER_WRONG;
	int lock = file_lock_dir(p->file);
	if (lock < 0) {
		p->why = mem_printf("%s: its directory: %s", p->file, err_text(lock));
		return PASSWORD_VERIFIER_FAILED;
	}
	enum password_verifier_result result = use_code_locked(p);
	close(lock);
	return result;
}

static void on_pool(void *arg)
{
	struct pending *p = arg;
	struct admin_file f;
	p->wrong = "a wrong password";
	if (admin_file_read(p->file, &f, &p->why) < 0)
		p->result = PASSWORD_VERIFIER_FAILED;
	else if (!password_verify(p->password, *f.password ? f.password : NULL))
		p->result = PASSWORD_VERIFIER_WRONG;
	else
		p->result = *f.totp_secret ? use_code(p) : PASSWORD_VERIFIER_RIGHT;
	mem_wipe(&f, sizeof f);
}

/* --- on the loop --- */

static void next(struct password_verifier *a);

static void note_wrong(struct password_verifier *a, const struct pending *p)
{
	char ip[ADDR_TEXT];
	uint64_t now = loop_now_ms(a->loop);
	guess_limiter_wrong(a->guesses, &p->peer, now);
	if (p->wrong_code)
		token_bucket_try(&a->codes, PASSWORD_VERIFIER_CODE_S, now);
	if (failure_log_count(a->log, "admin_refused", &p->peer, p->wrong))
		log_warn("admin_refused", "source=%s reason=%s", addr_ip_text(&p->peer, ip),
			 p->wrong);
}

/* Tells the result to the limiter, the queue and the log. */
static void note(struct password_verifier *a, const struct pending *p)
{
	uint64_t now = loop_now_ms(a->loop);
	if (p->result == PASSWORD_VERIFIER_WRONG) {
		note_wrong(a, p);
	} else if (p->result == PASSWORD_VERIFIER_RIGHT) {
		guess_limiter_right(a->guesses, &p->peer, now);
		login_queue_forgive(a->queue, &p->peer, NULL, now);
	} else if (p->result == PASSWORD_VERIFIER_FAILED &&
		   failure_log_count(a->log, "admin_login_failed", &p->peer, p->why)) {
		log_error("admin_login_failed", "reason=%s", p->why);
	}
}

static void off_pool(void *arg)
{
	struct pending *p = arg;
	struct password_verifier *a = p->login;
	void *owners = p->arg;
	enum password_verifier_result result = p->result;
	if (a) {
		a->running = NULL;
		note(a, p);
		next(a);
	}
	pending_free(p);
	if (a)
		a->fn(a->owner, owners, result);
}

static void next(struct password_verifier *a)
{
	struct login_queue_item *turn = a->running ? NULL : login_queue_take(a->queue);
	if (!turn)
		return;
	struct pending *p = LIST_ENTRY(turn, struct pending, turn);
	a->running = p;
	p->takes_codes =
	    token_bucket_room(&a->codes, loop_now_ms(a->loop)) >= PASSWORD_VERIFIER_CODE_S;
	loop_work(a->loop, on_pool, off_pool, p);
}

void *password_verifier_try(struct password_verifier *a, const struct password_verifier_try *t)
{
	uint64_t now = loop_now_ms(a->loop);
	if (!guess_limiter_admits(a->guesses, t->peer, now))
		return t->arg;
	struct pending *p = mem_zalloc(sizeof *p);
	*p = (struct pending){.login = a, .peer = *t->peer, .arg = t->arg};
	p->file = mem_strdup(t->file);
	p->password = mem_strdup(t->password);
	p->code = mem_strdup(t->code);
	struct login_queue_item *out =
	    login_queue_add(a->queue, &p->turn, &p->peer, NULL,
			    guess_limiter_is_trusted(a->guesses, &p->peer, now), now);
	void *refused = NULL;
	if (out) {
		struct pending *victim = LIST_ENTRY(out, struct pending, turn);
		refused = victim->arg;
		pending_free(victim);
	}
	next(a);
	return refused;
}

struct password_verifier *password_verifier_new(struct loop *l, password_verifier_fn *fn,
						void *owner)
{
	struct password_verifier *a = mem_zalloc(sizeof *a);
	a->loop = l;
	a->fn = fn;
	a->owner = owner;
	a->guesses = guess_limiter_new(false);
	token_bucket_init(&a->codes, 1, PASSWORD_VERIFIER_CODES * PASSWORD_VERIFIER_CODE_S,
			  loop_now_ms(l));
	a->queue = login_queue_new(PASSWORD_VERIFIER_WAITING);
	a->log = failure_log_new(l);
	return a;
}

void password_verifier_close(struct password_verifier *a)
{
	struct login_queue_item *turn;
	if (!a)
		return;
	if (a->running)
		a->running->login = NULL;
	while ((turn = login_queue_take(a->queue)))
		pending_free(LIST_ENTRY(turn, struct pending, turn));
	login_queue_free(a->queue);
	guess_limiter_free(a->guesses);
	failure_log_close(a->log);
	mem_free(a);
}
