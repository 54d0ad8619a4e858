/*
 * Each port costs a descriptor of those that there are. Of these every account is kept some, and so
 * is one that is still to come: PORT_TABLE_KEPT, or less where there are not so many. An account
 * may take all but what the others have left of theirs; its own are never refused to it.
 */
#include "relay/doors/port_table.h"

#include "shared/base/hash_table.h"
#include "shared/base/mem.h"

#include <string.h>
#include <uv.h>

enum { PORTS = 65536 };

/* What one account holds. */
struct share {
	size_t held;
	char account[];
};

struct claim {
	uint16_t first, last;
	struct share *share;
	char *owner;
};

struct port_table {
	uv_mutex_t lock;
	struct claim *holders[2][PORTS]; /* of each tcp port, of each udp port; NULL: it is free */
	struct ports_range *own;         /* where the relay itself listens */
	size_t own_count;
	size_t count, most;        /* of held ports */
	struct hash_table *shares; /* of accounts that hold some */
	size_t accounts, kept;     /* how many there are; for each */
	size_t used;               /* of what is kept, by all that hold some */
};

struct port_table *port_table_new(size_t most)
{
	struct port_table *p = mem_zalloc(sizeof *p);
	uv_mutex_init(&p->lock);
	p->most = most;
	p->shares = hash_table_new();
	port_table_set_accounts(p, 0);
	return p;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void add_used(void *arg, void *value)
{
	struct port_table *p = arg;
	p->used += least(((struct share *)value)->held, p->kept);
}

void port_table_set_accounts(struct port_table *p, size_t accounts)
{
	uv_mutex_lock(&p->lock);
	p->accounts = accounts;
	p->kept = least(PORT_TABLE_KEPT, p->most / (accounts + 1));
	p->used = 0;
	hash_table_each(p->shares, add_used, p);
	uv_mutex_unlock(&p->lock);
}

static size_t span(uint16_t first, uint16_t last)
{
	return (size_t)(last - first) + 1;
}

static void set(struct claim **holders, uint16_t first, uint16_t last, struct claim *c)
{
	for (unsigned port = first; port <= last; port++)
		holders[port] = c;
}

static struct share *get_share(const struct port_table *p, const char *account)
{
	return hash_table_get(p->shares, account, strlen(account));
}

static struct share *obtain_share(struct port_table *p, const char *account)
{
	size_t len = strlen(account);
	struct share *s = get_share(p, account);
	if (s)
		return s;
	s = mem_zalloc(sizeof *s + len + 1);
	memcpy(s->account, account, len);
	hash_table_add(p->shares, s->account, len, s);
	return s;
}

static void set_held(struct port_table *p, struct share *s, size_t held)
{
	p->count += held - s->held;
	p->used += least(held, p->kept) - least(s->held, p->kept);
	s->held = held;
	if (held)
		return;
	hash_table_remove(p->shares, s->account, strlen(s->account));
	mem_free(s);
}

static void drop(struct port_table *p, struct claim **holders, struct claim *c)
{
	set_held(p, c->share, c->share->held - span(c->first, c->last));
	set(holders, c->first, c->last, NULL);
	mem_free(c->owner);
	mem_free(c);
}

void port_table_free(struct port_table *p)
{
	if (!p)
		return;
	for (int udp = 0; udp <= 1; udp++)
		for (unsigned port = 0; port < PORTS; port++)
			if (p->holders[udp][port])
				drop(p, p->holders[udp], p->holders[udp][port]);
	hash_table_free(p->shares);
	mem_free(p->own);
	uv_mutex_destroy(&p->lock);
	mem_free(p);
}

void port_table_set_own(struct port_table *p, const struct ports_range *own, size_t count)
{
	uv_mutex_lock(&p->lock);
	mem_free(p->own);
	p->own = count ? mem_dup(own, count * sizeof *own) : NULL;
	p->own_count = count;
	uv_mutex_unlock(&p->lock);
}

/* Called under the lock. */
static char *why_not(const struct port_table *p, enum ports_protocol transport, uint16_t first,
		     uint16_t last)
{
	for (size_t i = 0; i < p->own_count; i++) {
		const struct ports_range *own = &p->own[i];
		if (own->first <= last && own->last >= first && own->protocols & transport)
			return mem_printf("the relay itself listens on port %u%s",
					  own->first > first ? own->first : first,
					  transport == PORTS_UDP ? "/udp" : "");
	}
	return NULL;
}

char *port_table_why_not(struct port_table *p, enum ports_protocol transport, uint16_t first,
			 uint16_t last)
{
	uv_mutex_lock(&p->lock);
	char *why = why_not(p, transport, first, last);
	uv_mutex_unlock(&p->lock);
	return why;
}

/* How many ports all together the account may bring the table to, if it then has held of them. */
static size_t most_for(const struct port_table *p, const char *account, size_t held)
{
	const struct share *s = get_share(p, account);
	size_t others = p->accounts ? p->accounts - 1 : 0;
	size_t theirs = p->used - least(s ? s->held : 0, p->kept);
	size_t unused = others * p->kept > theirs ? others * p->kept - theirs : 0;
	size_t to_come = held > p->kept ? p->kept : 0;
	return p->most - least(p->most, unused + to_come);
}

/* Called under the lock. */
static char *why_too_many(const struct port_table *p, const struct port_wish *w)
{
	const struct share *s = get_share(p, w->account);
	size_t held = s ? s->held : 0, wanted = span(w->first, w->last);
	if (held + wanted > w->most)
		return mem_printf(
		    "account %s has %zu ports and may have %zu: declare fewer, or raise "
		    "ports_per_account in the relay's limits",
		    w->account, held, w->most);
	if (p->count + wanted <= most_for(p, w->account, held + wanted))
		return NULL;
	return mem_printf(
	    "account %s has %zu ports, and what else the relay has descriptors for is "
	    "kept for other accounts: declare fewer, or raise the relay's limit of open "
	    "files (LimitNOFILE)",
	    w->account, held);
}

int port_table_claim(struct port_table *p, const struct port_wish *w, char **holder, char **why)
{
	struct claim **holders = p->holders[w->transport == PORTS_UDP];
	int err = UV_EADDRINUSE;
	*holder = NULL;
	uv_mutex_lock(&p->lock);
	*why = why_not(p, w->transport, w->first, w->last);
	/* Before the ports are looked at: an account may want all of them a thousand times. */
	if (!*why && (*why = why_too_many(p, w)))
		err = UV_EMFILE;
	for (unsigned port = w->first; port <= w->last && !*why && !*holder; port++)
		if (holders[port])
			*holder = mem_strdup(holders[port]->owner);
	if (!*why && !*holder) {
		struct claim *c = mem_alloc(sizeof *c);
		*c = (struct claim){w->first, w->last, obtain_share(p, w->account),
				    mem_strdup(w->owner)};
		set(holders, w->first, w->last, c);
		set_held(p, c->share, c->share->held + span(w->first, w->last));
		err = 0;
	}
	uv_mutex_unlock(&p->lock);
	return err;
}

void port_table_release(struct port_table *p, enum ports_protocol transport, uint16_t first,
			uint16_t last)
{
	struct claim **holders = p->holders[transport == PORTS_UDP];
	uv_mutex_lock(&p->lock);
	struct claim *c = holders[first];
	if (c && c->first == first && c->last == last)
		drop(p, holders, c);
	uv_mutex_unlock(&p->lock);
}
