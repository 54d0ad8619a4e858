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
#include "relay/doors/awaited_probes.h"
#include "relay/doors/slow_visitors.h"
#include "relay/doors/door_owner.h"
#include "relay/doors/vhost_table.h"
#include "shared/base/json.h"
#include "shared/net/splice.h"
#include "shared/tunnel/report_message.h"

struct door;
struct door_visitor;

#define DOOR_CUT_OFF       "the operator cut it off"
#define DOOR_SESSION_ENDED "the session with the agent ended" /* why a visitor left */

/* how many newcomers may wait for an agent that is away before the door rests */
enum { DOOR_WAITING = 256 };

/* The functions of a kind; one that a kind does not need is NULL. The door claims its host or ports
 * before it opens, and releases them after it closes. */
struct door_kind {
	/* the size of the kind's struct, which begins with struct door */
	size_t size;
	void (*init)(struct door *d);
	/* tcp and udp: opens a socket at one address. NULL: it failed with *err, and *why says so
	 * in words unless why is NULL; the caller frees it. v6only: as for listener_open(). */
	void *(*listen)(struct door *d, const struct addr *at, bool v6only, int *err, char **why);
	void (*unlisten)(void *socket);
	void (*rest)(void *socket); /* takes no newcomers any more */
	void (*wake)(void *socket); /* takes newcomers again */
	void (*clear)(struct door *d, bool graceful, enum reset_code code);
	/* udp: ends the flow that has been idle for longest; there is at least one */
	void (*evict)(struct door *d);
	/* Resets this visitor, which then leaves with the reason DOOR_CUT_OFF. */
	void (*cut)(struct door *d, struct door_visitor *v);
	/* how slow visitors make room; NULL: they do not */
	const struct slow_visitors_kind *slow;
	uint64_t (*dropped)(const struct door *d); /* datagrams dropped by flows under way */
	void (*fini)(struct door *d);
	/* http and tls: lets in a visitor of the shared port, or turns it away because the agent
	 * cannot be reached. Both take parcel and gateway over. */
	void (*take)(struct door *d, struct io_parcel *parcel, struct http_gateway *gateway);
	void (*turn_away)(struct door *d, struct io_parcel *parcel, struct http_gateway *gateway);
};
extern const struct door_kind TCP_DOOR, UDP_DOOR, HTTP_DOOR, TLS_DOOR, TLS_PORT_DOOR;

/* How a newcomer is received. */
enum door_entry { DOOR_ENTERED, DOOR_NOT_ALLOWED, DOOR_FULL, DOOR_HASTY, DOOR_ACCOUNT_FULL };
const char *door_entry_text(enum door_entry e);

/* A visitor inside: a connection or a flow. The kinds embed it. */
struct door_visitor {
	struct list node;        /* door.inside */
	uint64_t id;             /* no other visitor has it, also after a restart */
	const struct addr *from; /* its address, which the kind keeps */
	struct splice_count count;
	uint64_t since_ms;
};

struct door {
	const struct door_kind *kind;
	struct door_owner *tenant;
	struct mapping mapping;
	char *host;     /* http, tls, https: the full host */
	uint64_t claim; /* the number of its claim in the vhost table while open, else 0 */
	/* https: redirects plain requests for the host to this port; 0: there is no redirect */
	uint64_t redirect_claim;
	uint16_t redirect_port;
	bool is_open, resting;
	bool counted;   /* it counts among the account's mappings */
	bool over_most; /* it is not open because the account has its most mappings */
	char *error;    /* why it is not open, for its account */
	char *detail;   /* the same for the operator, who may know of others; NULL: no more */
	/* the error with which listening last failed; 0: it did not fail, or was not tried */
	int failed;
	unsigned newcomers; /* those let in while the agent is detached */
	struct list parked; /* visitors of a shared port that have come while the door rests */
	size_t parked_count;
	void **sockets; /* made by kind->listen */
	size_t socket_count;
	struct list inside; /* of door_visitor.node, the longest inside first */
	size_t inside_count;
	uint64_t now, total;       /* visitors; udp counts its flows in total only */
	uint64_t flows, dropped;   /* udp; dropped leaves out flows under way */
	struct splice_count count; /* to_stream goes toward the agent */
	struct {
		uint64_t to_stream, from_stream;
	} told;             /* the part of count that door_traffic() has told */
	struct list beside; /* tenant.doors */
	/* visitors that may have to make room; NULL: there has been none */
	struct slow_visitors *slow;
	struct timer *slow_timer;      /* NULL: it has not been needed yet */
	struct shaper *shaper;         /* NULL: neither mapping nor account has a limit */
	struct rate_limiter *rates;    /* newcomers of each source; NULL: no limit */
	struct awaited_probes *probes; /* NULL: there has been none */
	/* the agent's REPORTs in this session; NULL: it has not spoken of that part */
	struct report_part *said[REPORT_PART_COUNT];
};

/* Makes a door that is not open yet; never NULL. Copies the mapping. */
struct door *door_new(struct door_owner *t, const struct mapping *mapping);
/* Claims the host or ports and listens. 0, or negative with error set; the owner tries again. */
int door_open(struct door *d);
/* Takes both texts over. */
void door_set_error(struct door *d, char *error, char *detail);
/* Returns why visitors cannot come in: the door is not open, or the shared port that it needs is
 * not. NULL: they can. for_operator: the text may tell of other accounts. The caller frees it. */
char *door_why_closed(const struct door *d, bool for_operator);
/* Whether the door is open with the public side of this mapping. */
bool door_fits(const struct door *d, const struct mapping *m);
/* Takes a mapping that fits over; copies it. */
void door_adopt(struct door *d, const struct mapping *mapping);
/* https: whether plain requests for its host are redirected while the door is open. Call it again
 * when the port may have changed. */
void door_set_redirect(struct door *d, bool wanted);
/* http, tls, https: the port that visitors type. */
uint16_t door_typed_port(const struct door *d);
void door_rest(struct door *d); /* takes no newcomers */
void door_wake(struct door *d); /* takes newcomers again, and counts them from zero */
/* Makes the door answer a probe with proof. Returns the port that visitors come to; or 0, with
 * *error, why it cannot. */
uint16_t door_arm(struct door *d, const struct reachability_probe_ask *ask,
		  const uint8_t proof[REACHABILITY_PROBE_PROOF], const char **error);
/* Takes what the agent reports of the mapping; takes the parts over. */
void door_report(struct door *d, struct report_mapping *m);
/* Returns what the agent has reported of a part; all zero: nothing. */
const struct report_part *door_said(const struct door *d, enum report_part_name part);
/* The session has ended: drops what the agent has reported and its probes. */
void door_forget_agent(struct door *d);
/* Ends the visitors. graceful: bytes that have come for them are still written (the session has
 * ended); else they are reset now. */
void door_clear(struct door *d, bool graceful, enum reset_code code);
/* The mapping is not allowed any more: resets visitors and releases the claim. Takes error over. */
void door_shut(struct door *d, char *error);
void door_close(struct door *d); /* NULL does nothing */
/* Appends the bytes that have gone through since the last call (traffic_sums.h). */
void door_traffic(struct door *d, struct buf *sums);
void door_status(const struct door *d, const char *public_text, struct json *w);

/* --- for the kinds --- */
/* Asks whether a visitor may come in. DOOR_ENTERED: it is counted, and door_leave() takes it off
 * again. Else why not. */
enum door_entry door_enter(struct door *d, const struct addr *peer);
void door_leave(struct door *d);
/* Notes that a visitor is inside. from must live longer than v is inside. */
void door_visitor_begin(struct door *d, struct door_visitor *v, const struct addr *from);
/* Notes that it has left, and logs it if the operator wants that. */
void door_visitor_end(struct door *d, struct door_visitor *v, const char *why);
/* As door_enter(), for a flow: the mapping and the account have bounds of their own for flows. */
enum door_entry door_enter_flow(struct door *d, const struct addr *peer);
void door_leave_flow(struct door *d);
/* The shaper for a newcomer; NULL: no limit. It lives as long as the door. */
struct shaper *door_shaper(struct door *d);
/* Called after a newcomer: the door rests when too many wait for an agent that is away. */
void door_crowd(struct door *d);
/* Called before a stream is opened: when there is no memory for it, slow visitors make room. */
void door_watch(struct door *d);
/* Notes a visitor that may have to make room; slow_visitors_remove() takes it off d->slow. */
void door_add_slow(struct door *d, struct slow_visitors_member *m, const struct addr *from);
/* Notes that a visitor was ended because it is slow; the log says so from time to time. */
void door_say_slow(struct door *d, const struct addr *visitor, int64_t lag_ms);
/* How long a visitor or flow may be idle; 0: for ever. */
uint32_t door_idle_s(const struct door *d);

#endif
