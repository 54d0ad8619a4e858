/* Passing names on to a public DDNS provider that speaks dyndns2, and obeying its answers. */
#ifndef GROUNDNUT_RELAY_NAMES_DYNDNS2_H
#define GROUNDNUT_RELAY_NAMES_DYNDNS2_H

#include "relay/names/names_config.h"
#include "relay/names/publisher.h"
#include "shared/net/loop.h"

extern const struct publisher_kind dyndns2_kind;

/* The configuration is copied as far as needed. */
void *dyndns2_new(struct loop *l, const struct dyndns2_config *config, publish_done_fn *done,
		  void *owner);

#endif
