/*
 * Reads relay.json strictly into plain values. Defaults are filled in, and paths are made absolute
 * against the file's directory. A configuration in force never changes and counts its references,
 * so each loop keeps the one that it was given while another is put in force.
 */
#ifndef GROUNDNUT_RELAY_CONFIG_H
#define GROUNDNUT_RELAY_CONFIG_H

#include "relay/accounts/reserved_names.h"
#include "relay/names/publishers.h"
#include "shared/admin/admin_config.h"
#include "shared/base/addr.h"
#include "shared/base/conf.h"
#include "shared/http/forwarded.h"
#include "shared/net/acme_config.h"
#include "shared/net/congestion_control.h"
#include "shared/net/alert_config.h"

#include <stdatomic.h>
#include <stdint.h>

struct relay_limits {
	uint32_t connections_per_account;                  /* 4096 */
	uint32_t agents_per_account;                       /* 1024 */
	uint32_t mappings_per_account;                     /* 4096 */
	uint32_t ports_per_account;                        /* 32768 */
	uint32_t names_per_account;                        /* 2048 */
	uint32_t records_per_account;                      /* 4096 */
	uint32_t declares_per_second;                      /* 5, of an account */
	uint32_t failed_handshakes_per_second_per_address; /* 5, burst 50 */
	uint32_t head_s;                                   /* 10 */
	uint32_t unfinished_heads_per_source;              /* 200 */
	uint32_t slow_visitors_per_source;                 /* 100 */
	uint32_t stall_s;                                  /* 120 */
	/* 16: send, and receive, of one session */
	uint32_t session_memory_mib;
	/* 256: send, and receive, of the process */
	uint32_t memory_mib;
};

/* The certificate of one of the relay's own listeners. */
struct certificate_config {
	char *file, *private_key; /* absolute paths; NULL: the relay's own pair */
	bool automatic;           /* "auto": a CA gives it, and the paths are NULL */
};

/* The HTTP server for DDNS clients. */
struct update_config {
	bool on;
	struct addr *http, *https;
	size_t http_count, https_count;
	struct forwarded_trust trust;
	struct certificate_config certificate;
};

struct relay_config {
	atomic_uint refs;
	char *file;   /* relay.json itself */
	char *domain; /* lower case, no final dot */
	/* the relay's name or address; NULL: join lines have the first address */
	char *host;
	/* by default the public ones of this machine, or, without any, those that are neither
	 * loopback nor link-local */
	struct addr *addresses;
	size_t address_count;
	struct addr *listen; /* where agents connect; default [::]:7000 */
	size_t listen_count;
	struct addr *http, *tls; /* where visitors of http and tls mappings come in; none: off */
	size_t http_count, tls_count;
	struct forwarded_trust http_trust, tls_trust;
	struct addr *bind; /* where mappings' ports are opened; default :: */
	size_t bind_count;
	char *certificate, *private_key, *accounts, *state, *control; /* paths */
	struct publishers_config dns; /* empty: names are not published */
	struct update_config update;
	struct acme_config acme;   /* the CA for certificates with "auto" */
	struct admin_config admin; /* by default it listens on 127.0.0.1:7080 */
	struct certificate_config admin_certificate;
	struct alert_config notify;
	char *user;       /* the user that a relay started by root becomes; NULL: it stays root */
	bool sandbox;     /* true: sandbox_enter() */
	char *congestion; /* NULL: bbr, if the system has it */
	/* what sockets use; set before the configuration is in force (congestion_control_choose) */
	char congestion_used[CONGESTION_CONTROL_NAME];
	/* bits a second of the line that visitors and agents share; 0: no limit */
	uint64_t egress;
	uint32_t grace_s; /* 120 */
	uint32_t threads; /* 0: one per core */
	bool log_visitors, log_requests;
	/* the relay's own names, which follow from all these */
	struct reserved_names *reserved_names;
	struct relay_limits limits;
};

/* The path of relay.json without -c; the caller frees it. */
char *relay_config_default_path(void);

/* Reads the file. 0, and *out has one reference; ERR_CONFIG when its content is wrong (exit 2);
 * another negative error when it cannot be read (exit 1). log_say() has said each error. */
int relay_config_load(const char *file, struct relay_config **out);
/* Reads only the path of the control socket, also from a file with other errors; the caller frees
 * it. 0, or a negative error that log_say() has said. */
int relay_config_control(const char *file, char **path);
/*
 * For a reload: makes the running configuration with those keys of the file that a running relay
 * can take up. *later names the other keys that differ, such as "domain, threads"; the caller frees
 * it; NULL: there are none. The file must be right by itself and together with what runs: names in
 * `dns` are below the running domain. Returns as relay_config_load() does.
 */
int relay_config_reload(const char *file, const struct relay_config *running,
			struct relay_config **out, char **later);
struct relay_config *relay_config_ref(struct relay_config *c); /* any thread */
void relay_config_unref(struct relay_config *c);               /* any thread; NULL does nothing */

#endif
