/*
 * The mappings are read one after the other. What a mapping must have alone (name, id, host, ports)
 * is entered in the list's book when it has been read without an error; a later one that finds it
 * there is told whose it is. So no mapping is compared with all that were before it.
 */
#include "shared/tunnel/mapping_list.h"

#include "shared/base/hash_table.h"
#include "shared/base/json_lint.h"
#include "shared/base/mem.h"

#include <string.h>

/* A DECLARE frame holds 1 MiB and CONF_PARTS_MAX values: 1,024 names of the longest kind take 300
 * KiB and 6,144 values of it. */
enum { LIST_TEXT_MAX = 700 * 1024, LIST_PARTS_MAX = CONF_PARTS_MAX - 7000 };

void mapping_list_fini(struct mapping_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		mapping_fini(&l->items[i]);
	mem_free(l->items);
	memset(l, 0, sizeof(*l));
}

/* A range that one of the list has. */
struct held {
	uint16_t first, last;
	uint16_t holder; /* its place in the list */
};

/* What only one of a list may have, and which one has it. */
struct book {
	struct mapping_list *list;
	struct hash_table *names, *ids;
	struct hash_table *hosts[MAPPING_UNKNOWN + 1];
	struct {
		struct held held[MAPPING_MAX]; /* by port; none overlaps another */
		size_t count;
	} ports[2]; /* tcp, udp */
};

static struct book *book_new(struct mapping_list *list)
{
	struct book *b = mem_zalloc(sizeof(*b));
	b->list = list;
	b->names = hash_table_new();
	b->ids = hash_table_new();
	for (size_t i = 0; i <= MAPPING_UNKNOWN; i++)
		b->hosts[i] = hash_table_new();
	return b;
}

static void book_free(struct book *b)
{
	hash_table_free(b->names);
	hash_table_free(b->ids);
	for (size_t i = 0; i <= MAPPING_UNKNOWN; i++)
		hash_table_free(b->hosts[i]);
	mem_free(b);
}

/* The place of the first that ends at port or above it. */
static size_t first_from(const struct held *held, size_t count, uint16_t port)
{
	size_t low = 0;
	while (low < count) {
		size_t middle = low + (count - low) / 2;
		if (held[middle].last < port)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

/* tls and https mappings share a port. */
static void enter_host(struct book *b, struct conf_at list, size_t i, struct mapping *m)
{
	enum mapping_protocol p = m->protocol == MAPPING_HTTPS ? MAPPING_TLS : m->protocol;
	const struct mapping *before = hash_table_add(b->hosts[p], m->host, strlen(m->host), m);
	if (before)
		mapping_wrong(conf_item(list, i), NULL, m,
			      "the %s host \"%s\" is already that of \"%s\"",
			      mapping_kind(m->protocol)->word, m->host, before->name);
}

/* A mapping that finds one of its ports held by another holds none itself. */
static void enter_ports(struct book *b, struct conf_at list, size_t i, struct mapping *m)
{
	bool udp = mapping_kind(m->protocol)->transport == PORTS_UDP;
	struct held *held = b->ports[udp].held;
	size_t *count = &b->ports[udp].count;
	size_t at = first_from(held, *count, m->first);
	bool free = true;
	for (size_t k = at; k < *count && held[k].first <= m->last && !m->unknown; k++) {
		free = false;
		mapping_wrong(conf_item(list, i), NULL, m,
			      "the public %s port %u is already that of \"%s\"",
			      mapping_kind(m->protocol)->word,
			      (unsigned)(held[k].first > m->first ? held[k].first : m->first),
			      b->list->items[held[k].holder].name);
	}
	if (!free)
		return;
	memmove(&held[at + 1], &held[at], (*count - at) * sizeof(*held));
	held[at] = (struct held){m->first, m->last, (uint16_t)b->list->count};
	++*count;
}

/* m is the next of the book's list. */
static void enter(struct book *b, struct conf_at list, size_t i, struct mapping *m)
{
	if (hash_table_add(b->names, m->name, strlen(m->name), m))
		conf_error_item(list, i, "the name \"%s\" is given twice", m->name);
	if (m->id && hash_table_add(b->ids, &m->id, sizeof(m->id), m))
		conf_error_item(list, i, "the id %u is given twice", (unsigned)m->id);
	if (m->unknown) /* it is not opened, so it holds nothing */
		return;
	if (!m->first)
		enter_host(b, list, i, m);
	else
		enter_ports(b, list, i, m);
}

static bool fits_a_frame(const struct mapping_list *l)
{
	struct buf text = BUF_INIT;
	struct json w = json_into(&text, false);
	json_open(&w, NULL, '[');
	for (size_t i = 0; i < l->count; i++)
		mapping_write(&l->items[i], &w);
	json_close(&w);
	struct json_place at;
	bool fits =
	    buf_len(&text) <= LIST_TEXT_MAX &&
	    !json_lint_too_many((const char *)buf_data(&text), buf_len(&text), LIST_PARTS_MAX, &at);
	buf_fini(&text);
	return fits;
}

static void read_all(struct conf_at list, bool on_wire, struct mapping_list *out)
{
	struct book *book = book_new(out);
	for (size_t i = 0; i < conf_len(list); i++) {
		struct mapping *m = &out->items[out->count];
		if (!mapping_read(conf_item(list, i), on_wire, m))
			continue;
		enter(book, list, i, m);
		out->count++;
	}
	book_free(book);
}

bool mapping_list_read(struct conf_at list, bool on_wire, struct mapping_list *out)
{
	memset(out, 0, sizeof(*out));
	size_t count = conf_len(list);
	if (count > MAPPING_MAX)
		conf_error(list, NULL, "has %zu mappings, at most %d may be", count, MAPPING_MAX);
	else if (count)
		out->items = mem_zalloc(count * sizeof(*out->items));
	if (out->items)
		read_all(list, on_wire, out);
	if (conf_ok(list) && !on_wire && !fits_a_frame(out))
		conf_error(list, NULL, "is too long to be sent to the relay (%d KiB and %d values)",
			   LIST_TEXT_MAX / 1024, LIST_PARTS_MAX);
	if (conf_ok(list))
		return true;
	mapping_list_fini(out);
	return false;
}
