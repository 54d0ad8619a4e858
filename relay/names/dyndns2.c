/*
 * One GET for each job, with the addresses of all its families, as the provider's own clients send
 * it. Its word decides: good and nochg are well; badauth, abuse and their like stop this publisher
 * until the configuration is read anew; 911 and dnserr wait half an hour. A provider cannot be told
 * that a name has gone, so such a job ends well without a word.
 */
#include "relay/names/dyndns2.h"

#include "relay/names/publish_queue.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/http_client.h"
#include "shared/net/timer.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum {
	ANSWER_MAX = 8192,
	TIMEOUT_MS = 30000,
	WAIT_911_MS = 30 * 60000,
	REFUSED_MS = 3600000,
	REASON = 400
};

struct dyndns2 {
	struct loop *loop;
	struct http_url url;
	char *base_path;   /* up to and with the question mark, or a query begun */
	char *credentials; /* the Authorization header's line */
	char **hosts;      /* passed on; none: all */
	size_t host_count;
	struct tls_context *tls;
	char *tls_trouble; /* why there is none though the URL wants it */
	publish_done_fn *done;
	void *owner;
	struct http_ask *ask; /* under way, or NULL */
	struct timer *soon;   /* for answers that need no asking */
	enum publish_result soon_result;
	const char *soon_reason;
};

static void later(struct dyndns2 *p, enum publish_result result, const char *reason)
{
	p->soon_result = result;
	p->soon_reason = reason;
	timer_set(p->soon, 0);
}

static void on_soon(void *owner)
{
	struct dyndns2 *p = owner;
	p->done(p->owner, p->soon_result, 0, p->soon_reason);
}

static bool is_word(const char *body, const char *word)
{
	size_t len = strlen(word);
	return strncmp(body, word, len) == 0 && (body[len] == 0 || strchr(" \t\r\n", body[len]));
}

static bool is_any(const char *body, const char *const *words)
{
	for (; *words; words++)
		if (is_word(body, *words))
			return true;
	return false;
}

static void judge(struct dyndns2 *p, struct http_message *answer)
{
	static const char *const good[] = {"good", "nochg", "OK", NULL};
	static const char *const wait[] = {"911", "dnserr", NULL};
	static const char *const refused[] = {"nohost", "notfqdn", "!yours", "numhost", NULL};
	static const char *const over[] = {"badauth", "abuse",  "badagent", "!donator",
					   "!active", "badsys", NULL};
	char reason[REASON];
	size_t len;
	const char *body = http_message_body(answer, &len);
	unsigned status = http_message_head(answer)->status;
	body += strspn(body, " \t\r\n");
	snprintf(reason, sizeof(reason), "%s answered %u %.*s", p->url.host, status,
		 (int)(strcspn(body, "\r\n") > 80 ? 80 : strcspn(body, "\r\n")), body);
	for (char *c = reason; *c; c++)
		if ((unsigned char)*c < 0x20)
			*c = '?';
	if (is_any(body, over) || status == 401 || status == 403)
		p->done(p->owner, PUBLISH_STOP, 0, reason);
	else if (is_any(body, wait))
		p->done(p->owner, PUBLISH_LATER, WAIT_911_MS, reason);
	else if (is_any(body, refused))
		p->done(p->owner, PUBLISH_REFUSED, REFUSED_MS, reason);
	else if (status == 200 && is_any(body, good))
		p->done(p->owner, PUBLISH_OK, 0, NULL);
	else
		p->done(p->owner, PUBLISH_LATER, 0, reason);
}

static void on_answer(void *owner, struct http_message *answer, int err, const char *detail)
{
	struct dyndns2 *p = owner;
	char reason[REASON];
	p->ask = NULL;
	if (answer) {
		judge(p, answer);
		return;
	}
	snprintf(reason, sizeof(reason), "%s: %s%s%s", p->url.host, err_text(err),
		 *detail ? ": " : "", detail);
	p->done(p->owner, PUBLISH_LATER, 0, reason);
}

static void publish(void *self, const struct publish_job *job)
{
	struct dyndns2 *p = self;
	struct buf addresses = BUF_INIT;
	char text[PUBLISH_QUEUE_TEXT];
	/* A provider's record holds one address of each family. */
	for (unsigned i = 0; i < 2; i++) {
		if (!job->sets[i].due || job->sets[i].count == 0)
			continue;
		addr_ip_text(&job->sets[i].list[0], text);
		buf_printf(&addresses, "%s%s", buf_len(&addresses) ? "," : "", text);
	}
	if (!buf_len(&addresses)) {
		later(p, PUBLISH_OK, NULL);
	} else if (p->url.tls && !p->tls) {
		later(p, PUBLISH_LATER, p->tls_trouble ? p->tls_trouble : "TLS cannot be set up");
	} else {
		struct buf path = BUF_INIT;
		buf_printf(&path, "%shostname=", p->base_path);
		http_message_escape(&path, job->name);
		buf_printf(&path, "&myip=%s", buf_str(&addresses));
		struct http_url url = p->url;
		snprintf(url.path, sizeof(url.path), "%s", buf_str(&path));
		const struct http_question q = {.url = &url,
						.method = "GET",
						.headers = p->credentials,
						.answer_max = ANSWER_MAX,
						.timeout_ms = TIMEOUT_MS,
						.tls = p->tls};
		p->ask = http_ask_start(p->loop, &q, on_answer, p);
		buf_fini(&path);
	}
	buf_fini(&addresses);
}

static bool serves(const void *self, const char *name)
{
	const struct dyndns2 *p = self;
	for (size_t i = 0; i < p->host_count; i++)
		if (strcmp(p->hosts[i], name) == 0)
			return true;
	return p->host_count == 0 && name[0] != '*';
}

static void close_publisher(void *self)
{
	struct dyndns2 *p = self;
	http_ask_close(p->ask);
	timer_close(p->soon);
	tls_context_unref(p->tls);
	for (size_t i = 0; i < p->host_count; i++)
		mem_free(p->hosts[i]);
	mem_free(p->hosts);
	mem_wipe(p->credentials, strlen(p->credentials));
	mem_free(p->credentials);
	mem_free(p->tls_trouble);
	mem_free(p->base_path);
	mem_free(p);
}

const struct publisher_kind dyndns2_kind = {
    .kind = "dyndns2", .serves = serves, .publish = publish, .close = close_publisher};

static char *authorization(const char *user, const char *password)
{
	char *plain = mem_printf("%s:%s", user, password);
	size_t len = strlen(plain);
	char *coded = mem_alloc(4 * ((len + 2) / 3) + 1);
	EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)plain, (int)len);
	char *line = mem_printf("Authorization: Basic %s\r\n", coded);
	mem_wipe(plain, len);
	mem_wipe(coded, strlen(coded));
	mem_free(plain);
	mem_free(coded);
	return line;
}

void *dyndns2_new(struct loop *l, const struct dyndns2_config *config, publish_done_fn *done,
		  void *owner)
{
	struct dyndns2 *p = mem_zalloc(sizeof(*p));
	p->loop = l;
	p->done = done;
	p->owner = owner;
	http_url_parse(config->url, &p->url);
	size_t len = strlen(p->url.path);
	bool query = strchr(p->url.path, '?') != NULL;
	p->base_path =
	    mem_printf("%s%s", p->url.path,
		       !query                                                       ? "?"
		       : p->url.path[len - 1] == '?' || p->url.path[len - 1] == '&' ? ""
										    : "&");
	p->credentials = authorization(config->username, config->password);
	p->hosts = mem_zalloc((config->host_count + 1) * sizeof(char *));
	for (size_t i = 0; i < config->host_count; i++)
		p->hosts[p->host_count++] = mem_strdup(config->hosts[i]);
	if (p->url.tls)
		p->tls = tls_context_client_new(NULL, config->ca_file, NULL, true, &p->tls_trouble);
	p->soon = timer_new(l, on_soon, p);
	return p;
}
