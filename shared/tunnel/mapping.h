/*
 * A mapping: one public port, range or host at the relay, and the service at home it leads to. The
 * agent's file makes them, DECLARE carries them to the relay (declare_messages.h).
 */
#ifndef GROUNDNUT_TUNNEL_MAPPING_H
#define GROUNDNUT_TUNNEL_MAPPING_H

#include "shared/base/addr.h"
#include "shared/base/buf.h"
#include "shared/base/conf.h"
#include "shared/base/json.h"

#include <stdbool.h>
#include <stdint.h>

/* Where visitors come in. */
enum mapping_entrance { MAPPING_OWN_PORTS, MAPPING_SHARED_HTTP, MAPPING_SHARED_TLS };
/* Keys that only some protocols have, beside public_port of those with ports and host of the
 * others. */
enum {
	MAPPING_HAS_FLOWS = 1,
	MAPPING_HAS_BASIC_AUTH = 2,
	MAPPING_HAS_CHECK = 4,
	/* certificate and what is with it, redirect, hsts_s; also public_port */
	MAPPING_HAS_GATEWAY = 8,
	/* the target may be a URL: target_pin, target_ca_file, target_host */
	MAPPING_HAS_URL = 16,
};

/* Each protocol: its word, transport, entrance, idle_s where the mapping says none (0: for
 * ever), check_s likewise (0: never), keys. The last: only on the relay, in a mapping of a later
 * agent; it is never opened. */
#define MAPPING_PROTOCOLS(X)                                                                       \
	X(TCP, "tcp", PORTS_TCP, MAPPING_OWN_PORTS, 0, 60, MAPPING_HAS_CHECK)                      \
	X(UDP, "udp", PORTS_UDP, MAPPING_OWN_PORTS, 120, 0, MAPPING_HAS_FLOWS)                     \
	X(HTTP, "http", PORTS_TCP, MAPPING_SHARED_HTTP, 0, 60,                                     \
	  MAPPING_HAS_BASIC_AUTH | MAPPING_HAS_CHECK | MAPPING_HAS_URL)                            \
	X(TLS, "tls", PORTS_TCP, MAPPING_SHARED_TLS, 0, 0, MAPPING_HAS_CHECK)                      \
	X(HTTPS, "https", PORTS_TCP, MAPPING_SHARED_TLS, 0, 60,                                    \
	  MAPPING_HAS_BASIC_AUTH | MAPPING_HAS_CHECK | MAPPING_HAS_GATEWAY | MAPPING_HAS_URL)      \
	X(UNKNOWN, "unknown", PORTS_TCP, MAPPING_OWN_PORTS, 0, 0, 0)
enum mapping_protocol {
#define MAPPING_ENUM(name, word, transport, entrance, idle_s, check_s, keys) MAPPING_##name,
	MAPPING_PROTOCOLS(MAPPING_ENUM)
#undef MAPPING_ENUM
};
struct mapping_kind {
	const char *word;
	enum ports_protocol transport;
	enum mapping_entrance entrance;
	uint32_t idle_s, check_s;
	unsigned keys;
};
/* MAPPING_PAUSED: only at home; the relay is not told of it. */
enum mapping_state { MAPPING_PENDING, MAPPING_OPEN, MAPPING_ERROR, MAPPING_PAUSED };

enum { MAPPING_ALLOW_MAX = 256 };

struct mapping {
	/* the agent's number; never used again within a session; 0 in a file */
	uint32_t id;
	enum mapping_protocol protocol;
	/* public ports of tcp and udp, and of an https mapping with a port of its own; else 0 */
	uint16_t first, last;
	uint8_t proxy_protocol; /* 0: none, 1, 2 */
	bool paused;            /* not declared; not on the wire */
	/* https: plain requests for the host are redirected; on the wire: now, so that this may
	 * change without the mapping being another */
	bool redirect;
	/* http and https: the target speaks TLS; known by target_pin or target_ca_file, else as
	 * agent/known_target_keys.h says. Only at home */
	bool target_tls;
	uint32_t connections;                       /* at once; 0: no limit of its own */
	uint32_t connections_per_second_per_source; /* 0: no limit */
	uint32_t idle_s;                            /* 0: the default (udp 120, tcp none) */
	uint32_t flows;                             /* udp; 0: the default 16384 */
	/* how often the agent looks whether the target answers; 0: never; not on the wire */
	uint32_t check_s;
	uint32_t hsts_s;    /* https, only at home; 0: not said */
	uint64_t bandwidth; /* bits a second, each way; 0: no limit */
	char *name;
	/* of http, tls and https, lower case, e.g. "blog.alice", "*.alice", "a.example."; else
	 * NULL */
	char *host;
	/* in a file, where it has letters beyond ASCII: as it is there; else NULL */
	char *host_typed;
	char *target_text; /* as written, for people */
	/* the same taken apart: a name or a numeric address, and ports; unset on the relay */
	struct {
		char *host;
		uint16_t first, last;
	} target;
	char *target_pin, *target_ca_file; /* only at home, the latter as written */
	/* http and https: the Host, and the name for TLS, that the target is told; NULL: the
	 * visitor's, and the target's own */
	char *target_host;
	struct cidr *allow; /* who may come in; count 0: everybody */
	size_t allow_count;
	/* http and https; NULL: none. Those of https stay at home */
	char *basic_user, *basic_password;
	/* https, only at home: PEM files as written; NULL: the certificate comes from a CA */
	char *certificate, *private_key;
	/* https, only at home, and no part of mapping_same(): the directory where a CA's
	 * certificate goes besides, and the program that runs then with its arguments, NULL behind
	 * the last. NULL: none. As written */
	char *certificate_copy, **certificate_hook;
	/* on the relay: what in it only a later version knows, and the rest may be unset: it must
	 * not be opened; NULL: nothing */
	char *unknown;
};

const struct mapping_kind *mapping_kind(enum mapping_protocol p);
int mapping_protocol_parse(const char *text, enum mapping_protocol *out); /* 0 or ERR_SYNTAX */
const char *mapping_state_text(enum mapping_state s); /* "pending" "open" "error" "paused" */
int mapping_state_parse(const char *text, enum mapping_state *out);
/* The member "host": lower-cased; a final dot, which says "not below the relay's domain", is kept.
 * Not on the wire, letters beyond ASCII are A-labels then, and *typed is as it stands there, else
 * NULL. NULL after reporting. Both are freed by the caller. */
char *mapping_read_host(struct conf_at at, bool on_wire, char **typed);

void mapping_fini(struct mapping *m);
void mapping_copy(struct mapping *out, const struct mapping *from); /* everything owned anew */
/* all but id, check_s, redirect, and what is done with a certificate: nothing that would have to
 * end a visitor has changed */
bool mapping_same(const struct mapping *a, const struct mapping *b);

/* One mapping object as in agent.json; on_wire: with "id", and the target is not taken apart.
 * Errors are collected in the conf; false when there were any, and *out is then empty. Checks:
 * name, protocol, as many public ports as target ports, host for http and tls only, keys that do
 * not fit the protocol. On the wire a value of the right type that does not pass them, but for id
 * and name, is no error: the first is told in unknown. */
bool mapping_read(struct conf_at at, bool on_wire, struct mapping *out);
/* A value of the right type that this version cannot take: an error in a file; on the wire, where
 * it may be a later agent's, the first one is told in m's unknown, and is no error. key may be
 * NULL. */
void mapping_wrong(struct conf_at at, const char *key, struct mapping *m, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* as on the wire, with its id; into an array that is open */
void mapping_write(const struct mapping *m, struct json *w);

#endif
