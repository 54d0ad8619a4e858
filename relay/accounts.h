/*
 * accounts.json: who may attach and what each may open. A loaded list is immutable and counted, so that every loop can hold the one
 * it was given while another is being loaded.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_H
#define GROUNDNUT_RELAY_ACCOUNTS_H

#include "shared/base/addr.h"
#include "shared/tunnel/mapping.h"

#include <stdint.h>

struct account {
	char *name;
	char *token;           /* "sha256:…" */
	char *password;        /* "scrypt:…" or NULL */
	struct ports_range *ports;
	size_t ports_count;    /* 0: none was written, 1024 to 65535 of both */
	char **hosts;          /* full names, wildcards allowed: own name and below when none was written */
	size_t host_count;
	uint32_t connections;  /* 0: limits.connections_per_account */
	uint64_t bandwidth;    /* bits a second each way for all its mappings; 0: none */
};

struct accounts;

/* 0; ERR_CONFIG after collecting into *errors (freed by the caller, lines without the program's name); or a negative errno. An absent file
 * is an empty list only when absent_ok. */
int accounts_load(const char *file, const char *domain, bool absent_ok, struct accounts **out, char **errors);
struct accounts *accounts_ref(struct accounts *a);   /* any thread */
void accounts_unref(struct accounts *a);             /* any thread */
size_t accounts_count(const struct accounts *a);
const struct account *accounts_at(const struct accounts *a, size_t i);
const struct account *accounts_find(const struct accounts *a, const char *name);
/* The account when name and token fit, else NULL; takes the same time for an unknown name. */
const struct account *accounts_verify(const struct accounts *a, const char *name, const char *token);
bool account_allows_ports(const struct account *a, enum ports_protocol protocol, uint16_t first, uint16_t last);
bool account_allows_host(const struct account *a, const char *full_name);

/* What `account add|list|remove|renew` do to the file (CONTRACT section 2: written, fsynced, renamed). Return an exit code after saying
 * on stderr what was wrong. They end by telling a running relay over `control`. */
struct relay_config;
int account_command(const struct relay_config *c, int argc, char **argv);

#endif
