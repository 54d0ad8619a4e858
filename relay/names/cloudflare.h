/* Cloudflare's v4 API: A and AAAA records of a zone made, changed and deleted there. */
#ifndef GROUNDNUT_RELAY_NAMES_CLOUDFLARE_H
#define GROUNDNUT_RELAY_NAMES_CLOUDFLARE_H

#include "relay/names/names_config.h"
#include "relay/names/publisher.h"
#include "shared/net/loop.h"

extern const struct publisher_kind cloudflare_kind;

/* The configuration is copied as far as needed. */
void *cloudflare_new(struct loop *l, const struct cloudflare_config *config, publish_done_fn *done,
		     void *owner);

#endif
