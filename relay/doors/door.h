/*
 * The door of one mapping: visitors come in by it. Kinds (tcp, udp, http, tls) differ in how they
 * listen and what a visitor is; what they have in common (claim, state, counts) is here.
 *
 * tcp and udp doors listen themselves. http and tls doors have no port of their own: a shared port
 * reads which host is wanted, finds the door's claim, and sends the visitor to the door's loop. A
 * tls door may have a port of its own; its visitors are read by the shared ports all the same.
 *
 * A door outlives a change of session when the new DECLARE wants the same public side: then it is
 * adopted under the new mapping id, without a new bind.
 */
#ifndef GROUNDNUT_RELAY_DOORS_DOOR_H
#define GROUNDNUT_RELAY_DOORS_DOOR_H

#include "shared/http/http_gateway.h"
#include "relay/doors/armed_probes.h"
#include "relay/doors/slow_visitors.h"
#include "relay/doors/tenant.h"
#include "relay/doors/vhost_table.h"
#include "shared/base/json.h"
#include "shared/net/splice.h"
#include "shared/tunnel/report_message.h"

struct door;
struct door_visitor;

#define DOOR_CUT_OFF       "the operator cut it off"
#define DOOR_SESSION_ENDED "the session with the agent ended" /* why a visitor left */

/* newcomers that may wait for an agent that is away, before the door rests */
enum { DOOR_WAITING = 256 };

/* What a kind does; the door's claim is taken before open and let go after close. Functions that
 * need not exist are NULL. */
struct door_kind {
	/* of its struct, which begins with struct door */
	size_t size;
	void (*init)(struct door *d);
	/* tcp and udp: a socket at one address; NULL with *err, and *why in words (freed by the
	 * caller) unless why is NULL. v6only: as of listener_open() */
	void *(*listen)(struct door *d, const struct addr *at, bool v6only, int *err, char **why);
	void (*unlisten)(void *socket);
	void (*rest)(void *socket); /* take no newcomers … */
	void (*wake)(void *socket); /* … and take them again */
	void (*clear)(struct door *d, bool graceful, enum reset_code code);
	/* udp: the flow that has been idle for longest; there is one */
	void (*evict)(struct door *d);
	/* Resets this visitor, which leaves: DOOR_CUT_OFF. */
	void (*cut)(struct door *d, struct door_visitor *v);
	/* which visitors make room; NULL: none */
	const struct slow_visitors_kind *slow;
	uint64_t (*dropped)(const struct door *d); /* datagrams, by flows under way */
	void (*fini)(struct door *d);
	/* http and tls: a visitor of the shared port comes in; or is turned away, since the agent
	 * cannot be reached. Both take what they get. */
	void (*take)(struct door *d, struct io_parcel *parcel, struct http_gateway *gateway);
	void (*turn_away)(struct door *d, struct io_parcel *parcel, struct http_gateway *gateway);
};
extern const struct door_kind TCP_DOOR, UDP_DOOR, HTTP_DOOR, TLS_DOOR, TLS_PORT_DOOR;

/* How a newcomer is received. */
enum door_entry { DOOR_ENTERED, DOOR_NOT_ALLOWED, DOOR_FULL, DOOR_HASTY, DOOR_ACCOUNT_FULL };
const char *door_entry_text(enum door_entry e);

/* One that is inside: a connection, or a flow. The kinds embed it. */
struct door_visitor {
	struct list node;        /* door.inside */
	uint64_t id;             /* of this one alone, also after a restart */
	const struct addr *from; /* where its kind keeps that */
	struct splice_count count;
	uint64_t since_ms;
};

struct door {
	const struct door_kind *kind;
	struct tenant *tenant;
	struct mapping mapping;
	char *host;     /* http, tls, https: the full name */
	uint64_t claim; /* … and the number under which it is held while open, else 0 */
	/* https: what sends plain requests for the host here; claim 0: nothing does */
	struct vhost redirect;
	struct list parked; /* … and visitors that came while it rests */
	unsigned parked_count;
	bool is_open, resting;
	bool counted;   /* among the account's mappings */
	bool over_most; /* why it is not open: the account has all that it may have */
	char *error;    /* why it is not open, as its account may know it */
	char *detail;   /* the same for the operator, who may know of others; NULL: no more */
	/* what listening failed with when it was last tried; 0: it was something else */
	int failed;
	void **sockets; /* of kind->listen */
	size_t socket_count;
	struct list inside; /* of door_visitor.node, the longest here first */
	size_t inside_count;
	uint64_t now, total;       /* visitors; of udp flows only the total */
	uint64_t flows, dropped;   /* udp; dropped: but for what flows under way have */
	struct splice_count count; /* to_stream goes toward the agent */
	struct splice_count told;  /* what of it door_traffic() has said */
	unsigned newcomers;        /* let in while the agent is detached */
	struct list beside;        /* tenant.doors */
	struct slow_visitors slow; /* visitors that may have to make room */
	struct timer *slow_timer;  /* NULL: it was not needed yet */
	/* visitors ended because they were slow, and when that was last logged */
	uint64_t slow_ended, slow_said_ms;
	struct shaper *shaper;       /* NULL: neither mapping nor account has a limit */
	struct rate_limiter *rates;  /* newcomers of each source; NULL: no limit */
	struct armed_probes *probes; /* NULL: there was none yet */
	struct report_part said[REPORT_PART_COUNT]; /* by the agent, in this session */
};

/* mapping is copied. It is not open yet; NULL never. */
struct door *door_new(struct tenant *t, const struct mapping *mapping);
/* Claim and listen. 0, or negative with error set: to be tried again later. */
int door_open(struct door *d);
/* Takes both. */
void door_set_error(struct door *d, char *error, char *detail);
/* Why visitors cannot come in: it is not open, or the shared port that it needs is not. NULL: they
 * can. For its account, or for the operator, who may know of others. Freed by the caller. */
char *door_why_closed(const struct door *d, bool for_operator);
/* open, and the same public side */
bool door_fits(const struct door *d, const struct mapping *m);
void door_adopt(struct door *d, const struct mapping *mapping);
/* https: whether plain requests for its host are redirected, while it is open. The port may have
 * changed since: it is asked for anew. */
void door_set_redirect(struct door *d, bool wanted);
/* http, tls, https: the port that visitors come to */
uint16_t door_typed_port(const struct door *d);
void door_rest(struct door *d);
void door_wake(struct door *d); /* The door wakes. Visitors that wait are counted from zero. */
/* A probe will come: it is answered with proof. The port that visitors come to; or 0, and *error
 * says why it cannot be. */
uint16_t door_arm(struct door *d, const struct probe_ask *ask, const uint8_t proof[PROBE_PROOF],
		  const char **error);
/* What the agent knows of the mapping; the parts are taken. */
void door_report(struct door *d, struct report_mapping *m);
/* The session has ended: what the agent said and asked for no longer counts. */
void door_forget_agent(struct door *d);
/* Ends the visitors. graceful: what has come for them is still written (the session has ended);
 * else they are reset now. */
void door_clear(struct door *d, bool graceful, enum reset_code code);
/* It is no longer allowed: visitors are reset, the claim is let go. Takes error. */
void door_shut(struct door *d, char *error);
void door_close(struct door *d); /* NULL does nothing */
/* Adds what has gone through since this was last asked (traffic_sums.h). */
void door_traffic(struct door *d, struct buf *sums);
void door_status(const struct door *d, const char *public_text, struct json *w);

/* --- for the kinds --- */
/* DOOR_ENTERED: this visitor is in, and counted (door_leave() gives it back). Else why
 * not. */
enum door_entry door_enter(struct door *d, const struct addr *peer);
void door_leave(struct door *d);
/* A visitor is inside, and its bytes are counted; from outlives it. */
void door_visitor_begin(struct door *d, struct door_visitor *v, const struct addr *from);
/* It has left: a line for it, if the operator wants that. */
void door_visitor_end(struct door *d, struct door_visitor *v, const char *why);
/* A flow: as an entry, but it counts among the flows, of which the mapping and the account have
 * their own most. */
enum door_entry door_enter_flow(struct door *d, const struct addr *peer);
void door_leave_flow(struct door *d);
/* for a newcomer; NULL: no limit. It lives as long as the door */
struct shaper *door_shaper(struct door *d);
/* Called after a newcomer: the door rests when too many wait for an agent that is away. */
void door_crowd(struct door *d);
/* A stream is about to be opened: if there is no memory for it, slow visitors make room. */
void door_watch(struct door *d);
/* A visitor was ended because it is slow: the log says so now and then. */
void door_say_slow(struct door *d, const struct addr *visitor, int64_t lag_ms);
/* how long a visitor or flow may be idle; 0: for ever */
uint32_t door_idle_s(const struct door *d);

#endif
