/*
 * The door of one tcp mapping: its listeners, its visitors, its counts. A door outlives a change of session, when the new DECLARE wants the same
 * ports: then it is adopted, without a new bind, under the new mapping id.
 */
#ifndef GROUNDNUT_RELAY_DOORS_TCP_H
#define GROUNDNUT_RELAY_DOORS_TCP_H

#include "relay/home.h"

struct tcp_door;

enum { TCP_DOOR_WAITING = 256 }; /* newcomers that may wait for the home before the listeners rest */

/* mapping is copied. It is not open yet. */
struct tcp_door *tcp_door_new(struct home *h, const struct mapping *mapping);
/* Claim the ports and listen. 0, or negative with tcp_door_error(): try again later. */
int tcp_door_open(struct tcp_door *d);
void tcp_door_set_error(struct tcp_door *d, char *error);  /* takes it; of one that is not open */
void tcp_door_shut(struct tcp_door *d, char *error);       /* no longer allowed: visitors are cut, the ports let go; takes error */
bool tcp_door_is_open(const struct tcp_door *d);
const char *tcp_door_error(const struct tcp_door *d);
const struct mapping *tcp_door_mapping(const struct tcp_door *d);
/* A new session wants the same ports: under this mapping (and its id) from now on. The visitors of the old one are gone already. */
void tcp_door_adopt(struct tcp_door *d, const struct mapping *mapping);
void tcp_door_rest(struct tcp_door *d);   /* take no newcomers */
void tcp_door_wake(struct tcp_door *d);   /* take them again; those who wait are counted anew */
/* Cut the visitors. graceful: what has come for them is still written (the session has ended); else they are reset now. */
void tcp_door_clear(struct tcp_door *d, bool graceful, enum reset_code code);
void tcp_door_close(struct tcp_door *d);  /* visitors are cut, listeners closed, the ports let go */
void tcp_door_status(const struct tcp_door *d, const char *public_text, struct json *w);

#endif
