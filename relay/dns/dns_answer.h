/*
 * The embedded authority as a function: a packet in, a packet out. No recursion, no transfers, ANY
 * answered as RFC 8482 says, nothing about names outside the zone.
 */
#ifndef GROUNDNUT_RELAY_DNS_DNS_ANSWER_H
#define GROUNDNUT_RELAY_DNS_DNS_ANSWER_H

#include "relay/dns/zone.h"

/* Returns the answer's length in out, or 0: send nothing. tcp: the only limit is DNS_PACKET_MAX,
 * which out then holds; else out holds DNS_UDP_EDNS bytes. */
size_t dns_answer(const struct zone *z, const uint8_t *in, size_t len, bool tcp, uint8_t *out);
/* Answers the same question only by "ask again over TCP", for a source that asks too much. */
size_t dns_answer_truncated(const uint8_t *in, size_t len, uint8_t *out);

#endif
