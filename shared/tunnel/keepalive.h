/*
 * Is the other side still there? Pure: told what was heard and when, it says when to PING, when a
 * link is suspect, when it is dead.
 *
 * Life is any byte received, or the kernel's count of acknowledged bytes advancing. A link is
 * suspect when something is unanswered (a PING, or bytes that TCP has not had acknowledged) and
 * nothing has lived for max(least, 4 * (srtt + rttvar)); RTT as in RFC 6298. Only bytes keep a link
 * from being dead: a kernel acknowledges for a program that hangs.
 */
#ifndef GROUNDNUT_TUNNEL_KEEPALIVE_H
#define GROUNDNUT_TUNNEL_KEEPALIVE_H

#include <stdbool.h>
#include <stdint.h>

struct keepalive_rules {
	/* PING after that long without life while streams have moved lately */
	uint32_t ping_moving_ms;
	uint32_t ping_open_ms; /* … while any stream is open */
	uint32_t ping_idle_ms; /* … otherwise */
	uint32_t suspect_ms;   /* least time of silence that makes suspect; 0: never */
	uint32_t dead_ms;      /* silence that ends the link; 0: never */
};
extern const struct keepalive_rules KEEPALIVE_AGENT, KEEPALIVE_RELAY;

enum { KEEPALIVE_LATELY_MS = 30000, KEEPALIVE_SUSPECT_MOST_MS = 10000 };

struct keepalive {
	struct keepalive_rules rules;
	uint64_t life_ms;       /* last life */
	uint64_t heard_ms;      /* last byte received */
	uint64_t acked;         /* the kernel's count when last seen */
	uint64_t ping_ms;       /* when the unanswered PING was sent; 0: none */
	uint64_t number;        /* of the last PING */
	uint64_t unanswered_ms; /* since when something is unanswered; 0: nothing is */
	uint32_t srtt_us, rttvar_us;
	bool is_suspect;
	uint64_t suspect_ms; /* since when */
	bool doubted;        /* to be PINGed and suspect at the next look */
};

enum keepalive_act { KEEPALIVE_WAIT, KEEPALIVE_PING, KEEPALIVE_SUSPECT, KEEPALIVE_DEAD };

void keepalive_init(struct keepalive *p, const struct keepalive_rules *rules, uint64_t now_ms);
/* Bytes came. True if that ends a suspicion. */
bool keepalive_heard(struct keepalive *p, uint64_t now_ms);
/* The kernel's view: bytes acknowledged so far and when the last were, whether some are not, its
 * RTT (0: not known). True if that ends a suspicion. It may be asked late: life counts from when
 * it was, not from when it was seen. */
bool keepalive_kernel(struct keepalive *p, uint64_t acked, uint64_t acked_ms, bool unacked,
		      uint32_t rtt_us, uint32_t rttvar_us, uint64_t now_ms);
void keepalive_pong(struct keepalive *p, uint64_t number, uint64_t now_ms);
/* an address changed, the machine slept: suspect at once */
void keepalive_doubt(struct keepalive *p);
/* What to do now, and *when_ms to ask again at the latest. KEEPALIVE_PING has been noted as
 * sent, with p->number. SUSPECT is said once. */
enum keepalive_act keepalive_next(struct keepalive *p, bool moving, bool open, uint64_t now_ms,
				  uint64_t *when_ms);
uint32_t keepalive_rtt_ms(const struct keepalive *p);
uint32_t keepalive_suspect_after_ms(const struct keepalive *p);

#endif
