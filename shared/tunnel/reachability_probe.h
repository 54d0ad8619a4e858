/*
 * A probe: the agent's attempt to get from home to the public side of a mapping and back to itself.
 * This is the one place that knows what is said there, and the two PROBE messages that arrange it.
 * PROTOCOL.md has the whole of it. Pure.
 */
#ifndef GROUNDNUT_TUNNEL_REACHABILITY_PROBE_H
#define GROUNDNUT_TUNNEL_REACHABILITY_PROBE_H

#include "shared/base/buf.h"
#include "shared/tunnel/hello_messages.h"

enum {
	REACHABILITY_PROBE_NONCE = 16,
	REACHABILITY_PROBE_PROOF = 32,
	/* what goes to a udp mapping: the nonce and zeros, no shorter than the answer */
	REACHABILITY_PROBE_DATAGRAM = 32,
	REACHABILITY_PROBE_ARMED_MS = 3000, /* how long the relay waits for it */
	/* a newcomer of tcp that says nothing for so long is a visitor of a service that speaks
	 * first */
	REACHABILITY_PROBE_SILENCE_MS = 100,
	REACHABILITY_PROBE_RATE = 5, /* a second, of an agent; */
	REACHABILITY_PROBE_BURST = 10,
	REACHABILITY_PROBE_ERROR = 200,
};
/* of http; the nonce in hex follows */
#define REACHABILITY_PROBE_PATH "/.well-known/groundnut-probe/"
/* of tls; the nonce in hex is another word */
#define REACHABILITY_PROBE_ALPN "groundnut-probe/1"

/* agent → relay */
struct reachability_probe_ask {
	uint64_t number;  /* of this probe, in the answer */
	uint32_t mapping; /* its id in DECLARE */
	uint16_t port;    /* of tcp and udp: which of its ports; else 0 */
	uint8_t nonce[REACHABILITY_PROBE_NONCE];
};
void reachability_probe_ask_write(const struct reachability_probe_ask *ask, struct buf *out);
/* 0; or ERR_SYNTAX with the reason in why */
int reachability_probe_ask_read(const char *text, size_t len, struct reachability_probe_ask *out,
				char why[256]);

/* relay → agent */
struct reachability_probe_answer {
	uint64_t number;
	uint16_t port;                        /* where visitors come in; 0: it is not armed */
	char error[REACHABILITY_PROBE_ERROR]; /* why it is not; cut */
};
void reachability_probe_answer_write(const struct reachability_probe_answer *answer,
				     struct buf *out);
int reachability_probe_answer_read(const char *text, size_t len,
				   struct reachability_probe_answer *out, char why[256]);

/* What the relay answers on the public side. */
void reachability_probe_prove(const uint8_t session[SESSION_ID],
			      const uint8_t nonce[REACHABILITY_PROBE_NONCE],
			      uint8_t proof[REACHABILITY_PROBE_PROOF]);

/* What has come first is … */
enum reachability_probe_match {
	REACHABILITY_PROBE_OTHER, /* no probe's */
	REACHABILITY_PROBE_MAYBE, /* the beginning of one; also nothing yet */
	REACHABILITY_PROBE_WHOLE,
};
enum reachability_probe_match
reachability_probe_match(const uint8_t nonce[REACHABILITY_PROBE_NONCE], const void *p, size_t len);
/* A datagram is one whole or none. */
bool reachability_probe_is_datagram(const uint8_t nonce[REACHABILITY_PROBE_NONCE], const void *p,
				    size_t len);
/* Whether the target of a request is that of a probe, of whose nonce that may be. */
bool reachability_probe_is_path(const char *target, size_t len,
				uint8_t nonce[REACHABILITY_PROBE_NONCE]);

/* What the agent says; to is emptied first. host: of http. */
void reachability_probe_request(const uint8_t nonce[REACHABILITY_PROBE_NONCE], const char *host,
				struct buf *out);
void reachability_probe_datagram(const uint8_t nonce[REACHABILITY_PROBE_NONCE],
				 uint8_t out[REACHABILITY_PROBE_DATAGRAM]);
/* What the relay says: of tls one record, of http an answer. */
void reachability_probe_record(const uint8_t proof[REACHABILITY_PROBE_PROOF], struct buf *out);
void reachability_probe_response(const uint8_t proof[REACHABILITY_PROBE_PROOF], struct buf *out);

#endif
