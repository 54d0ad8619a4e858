#include "relay/known_homes.h"

#include "shared/base/hash_table.h"
#include "shared/base/list.h"
#include "shared/base/mem.h"

#include <string.h>

struct home {
	struct list node;  /* of known_account.here or known_account.left */
	uint64_t left_ms;  /* wall time; 0: it is here */
	const char *agent; /* in key */
	char key[];        /* "ACCOUNT/AGENT" */
};

struct known_account {
	struct list here, left; /* the newest last */
	unsigned count;         /* of both */
	char name[];
};

struct known_homes {
	struct store *store;
	struct event_hub *events;
	struct hash_table *homes, *accounts;
	struct store_batch *stale; /* drops what was read and is too old; written with the next */
};

static struct known_account *account_of(struct known_homes *k, const char *name)
{
	struct known_account *a = hash_table_get(k->accounts, name, strlen(name));
	if (a)
		return a;
	a = mem_zalloc(sizeof *a + strlen(name) + 1);
	memcpy(a->name, name, strlen(name) + 1);
	list_init(&a->here);
	list_init(&a->left);
	hash_table_add(k->accounts, a->name, strlen(a->name), a);
	return a;
}

static struct home *find(const struct known_homes *k, const char *account, const char *agent)
{
	char *key = mem_printf("%s/%s", account, agent);
	struct home *h = hash_table_get(k->homes, key, strlen(key));
	mem_free(key);
	return h;
}

static void drop(struct known_homes *k, struct known_account *a, struct home *h,
		 struct store_batch *b)
{
	store_drop_home(b, a->name, h->agent);
	hash_table_remove(k->homes, h->key, strlen(h->key));
	list_remove(&h->node);
	a->count--;
	mem_free(h);
}

/* A new home takes the place of the one that left first, or else came first. */
static struct home *add(struct known_homes *k, struct known_account *a, const char *agent,
			struct store_batch *b)
{
	if (a->count == KNOWN_HOMES_EACH) {
		struct list *among = list_is_empty(&a->left) ? &a->here : &a->left;
		drop(k, a, LIST_ENTRY(among->next, struct home, node), b);
	}
	size_t len = strlen(a->name) + 1 + strlen(agent);
	struct home *h = mem_zalloc(sizeof *h + len + 1);
	char *at = h->key + strlen(a->name);
	memcpy(h->key, a->name, strlen(a->name));
	*at = '/';
	memcpy(at + 1, agent, strlen(agent) + 1);
	h->agent = at + 1;
	list_init(&h->node);
	hash_table_add(k->homes, h->key, len, h);
	a->count++;
	return h;
}

/* The store reads nothing more after its first batch, and its other readers may come later. */
static struct store_batch *batch_new(struct known_homes *k)
{
	struct store_batch *b = k->stale ? k->stale : store_batch_new();
	k->stale = NULL;
	return b;
}

static void set_left(struct known_account *a, struct home *h, uint64_t left_ms)
{
	h->left_ms = left_ms;
	list_remove(&h->node);
	list_append(left_ms ? &a->left : &a->here, &h->node);
}

static void note(struct known_homes *k, const struct event *e, uint64_t left_ms)
{
	struct known_account *a = account_of(k, e->account);
	struct home *h = find(k, e->account, e->agent);
	if (h ? !h->left_ms == !left_ms : left_ms != 0)
		return;
	struct store_batch *b = batch_new(k);
	if (!h)
		h = add(k, a, e->agent, b);
	set_left(a, h, left_ms);
	const struct store_home row = {a->name, h->agent, left_ms};
	store_put_home(b, &row);
	store_commit_later(k->store, b, NULL, NULL);
}

static void forget(struct known_homes *k, const struct event *e)
{
	struct home *h = find(k, e->account, e->agent);
	if (!h)
		return;
	struct store_batch *b = batch_new(k);
	drop(k, account_of(k, e->account), h, b);
	store_commit_later(k->store, b, NULL, NULL);
}

static void on_event(void *owner, const struct event *e)
{
	if (e->kind == EVENT_HOME_ATTACHED || e->kind == EVENT_HOME_RESUMED)
		note(owner, e, 0);
	else if (e->kind == EVENT_HOME_GONE)
		note(owner, e, loop_wall_ms());
	else if (e->kind == EVENT_HOME_REMOVED)
		forget(owner, e);
}

/* --- beginning and end --- */

struct reading {
	struct known_homes *known;
	const struct accounts *accounts;
	uint64_t now_ms;
};

static void on_row(void *arg, const struct store_home *row)
{
	const struct reading *r = arg;
	if (!accounts_find(r->accounts, row->account) ||
	    (row->left_ms && row->left_ms + KNOWN_HOMES_MS < r->now_ms)) {
		store_drop_home(r->known->stale, row->account, row->agent);
		return;
	}
	struct known_account *a = account_of(r->known, row->account);
	set_left(a, add(r->known, a, row->agent, r->known->stale), row->left_ms);
	const struct event e = {.kind = EVENT_HOME_GONE,
				.account = row->account,
				.agent = row->agent,
				.why = "it has not come back since the relay began",
				.is_repeated = true};
	event_hub_take(r->known->events, &e);
}

struct known_homes *known_homes_new(struct store *store, struct event_hub *events,
				    const struct accounts *accounts)
{
	struct known_homes *k = mem_zalloc(sizeof *k);
	*k = (struct known_homes){store, events, hash_table_new(), hash_table_new(),
				  store_batch_new()};
	struct reading r = {k, accounts, loop_wall_ms()};
	store_read_homes(store, on_row, &r);
	event_hub_hear(events, on_event, k);
	return k;
}

static void free_value(void *arg, void *value)
{
	(void)arg;
	mem_free(value);
}

void known_homes_free(struct known_homes *k)
{
	if (!k)
		return;
	event_hub_hear(k->events, NULL, NULL);
	if (k->stale)
		store_commit(k->store, k->stale, NULL, NULL);
	hash_table_each(k->homes, free_value, NULL);
	hash_table_each(k->accounts, free_value, NULL);
	hash_table_free(k->homes);
	hash_table_free(k->accounts);
	mem_free(k);
}
