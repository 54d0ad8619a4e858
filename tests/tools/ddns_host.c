/*
 * The relay's naming room alone, for tests: names, embedded authority and update doors from a relay.json and an accounts.json, until
 * SIGTERM. Prints what it bound, one line each, then "ready". SIGUSR1 prints the status, SIGHUP reads both files again.
 *
 *	ddns_host DIR          (DIR/relay.json, DIR/accounts.json, DIR/relay.db)
 */
#include "relay/names/names_service.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct host {
	char *dir, *file, *accounts_file;
	struct loop *loop;
	struct store *store;
	struct names_service *service;
	uv_signal_t term, usr1, hup;
};

struct blocks {
	const char *domain;
	struct addr addresses[8];
	size_t address_count;
	struct dns_config_list dns;
	struct update_config update;
	struct conf *conf;
	char *certificate, *key;
};

static void read_blocks(struct host *h, struct blocks *b)
{
	memset(b, 0, sizeof(*b));
	if (conf_open(h->file, &b->conf) != 0)
		exit(1);
	struct conf_at root = conf_root(b->conf), list = conf_list(root, "addresses");
	conf_str(root, "domain", &b->domain);
	for (size_t i = 0; i < conf_len(list) && i < 8; i++) {
		const char *text;
		if (conf_item_str(list, i, &text) && addr_parse_ip(text, &b->addresses[i]) == 0)
			b->address_count++;
	}
	if (b->domain) {
		dns_config_read(conf_list(root, "dns"), h->file, b->domain, &b->dns);
		update_config_read(conf_object(root, "update"), h->file, &b->update);
	}
	if (conf_errors(b->conf)) {
		conf_report(b->conf);
		exit(2);
	}
	b->certificate = mem_printf("%s/relay.crt", h->dir);
	b->key = mem_printf("%s/relay.key", h->dir);
}

static struct names_service_config config_of(const struct blocks *b)
{
	return (struct names_service_config){
		.names = {.domain = b->domain, .addresses = b->addresses, .address_count = b->address_count, .dns = &b->dns},
		.update = &b->update, .certificate = b->certificate, .private_key = b->key};
}

static void free_blocks(struct blocks *b)
{
	dns_config_fini(&b->dns);
	update_config_fini(&b->update);
	conf_free(b->conf);
	mem_free(b->certificate);
	mem_free(b->key);
}

static struct accounts *read_accounts(struct host *h, const char *domain)
{
	struct accounts *a;
	char *errors = NULL;
	if (accounts_load(h->accounts_file, domain, false, &a, &errors) != 0) {
		fprintf(stderr, "%s\n", errors ? errors : "no accounts");
		exit(2);
	}
	return a;
}

static void on_term(uv_signal_t *s, int number)
{
	struct host *h = s->data;
	(void)number;
	names_service_stop(h->service);
	store_close(h->store);
	uv_close((uv_handle_t *)&h->term, NULL);
	uv_close((uv_handle_t *)&h->usr1, NULL);
	uv_close((uv_handle_t *)&h->hup, NULL);
	loop_stop(h->loop);
}

static void on_usr1(uv_signal_t *s, int number)
{
	struct host *h = s->data;
	struct buf b = BUF_INIT;
	struct json w = json_into(&b, false);
	(void)number;
	json_open(&w, NULL, '[');
	names_status(names_service_names(h->service), &w);
	json_close(&w);
	printf("%s\n", buf_str(&b));
	fflush(stdout);
	buf_fini(&b);
}

static void on_hup(uv_signal_t *s, int number)
{
	struct host *h = s->data;
	struct blocks b;
	(void)number;
	read_blocks(h, &b);
	struct names_service_config config = config_of(&b);
	names_service_reload(h->service, &config);
	struct accounts *a = read_accounts(h, b.domain);
	names_service_set_accounts(h->service, a);
	accounts_unref(a);
	free_blocks(&b);
	printf("reloaded\n");
	fflush(stdout);
}

static void watch(struct host *h, uv_signal_t *s, uv_signal_cb fn, int number)
{
	uv_signal_init(loop_uv(h->loop), s);
	s->data = h;
	uv_signal_start(s, fn, number);
}

int main(int argc, char **argv)
{
	struct host h = {0};
	struct blocks b;
	char *why, text[ADDR_TEXT];
	if (argc != 2)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	log_setup("ddns_host", LOG_INFO, LOG_TEXT);
	h.dir = argv[1];
	h.file = mem_printf("%s/relay.json", h.dir);
	h.accounts_file = mem_printf("%s/accounts.json", h.dir);
	char *db = mem_printf("%s/relay.db", h.dir);
	read_blocks(&h, &b);
	h.loop = loop_new("main");
	h.store = store_open(h.loop, db, &why);
	if (!h.store) {
		log_say("%s", why);
		return 1;
	}
	struct accounts *a = read_accounts(&h, b.domain);
	struct names_service_config config = config_of(&b);
	h.service = names_service_start(h.loop, h.store, &config, a);
	accounts_unref(a);
	free_blocks(&b);
	watch(&h, &h.term, on_term, SIGTERM);
	watch(&h, &h.usr1, on_usr1, SIGUSR1);
	watch(&h, &h.hup, on_hup, SIGHUP);
	const struct addr *at;
	for (size_t i = 0; (at = names_service_dns_at(h.service, i)); i++)
		printf("dns %s\n", addr_text(at, text));
	for (size_t i = 0; (at = names_service_update_at(h.service, i)); i++)
		printf("update %s\n", addr_text(at, text));
	printf("ready\n");
	fflush(stdout);
	loop_run(h.loop);
	mem_free(db);
	mem_free(h.file);
	mem_free(h.accounts_file);
	return loop_free(h.loop) == 0 ? 0 : 1;
}
