#include "shared/base/error_list.h"

#include "shared/base/hash_table.h"
#include "shared/base/mem.h"

#include <stdlib.h>
#include <string.h>

struct fault {
	char *text;
	size_t number; /* the first one found has 0 */
	size_t trail[ERROR_LIST_TRAIL];
};

struct error_list {
	char *name;
	struct fault *items;
	size_t count;
	bool sorted;
	struct hash_table *known; /* by text */
	size_t more;              /* how many were found but not kept */
	char *last;               /* the line that says so */
};

struct error_list *error_list_new(const char *name)
{
	struct error_list *f = mem_zalloc(sizeof(*f));
	f->name = mem_strdup(name);
	f->known = hash_table_new();
	return f;
}

void error_list_free(struct error_list *f)
{
	if (!f)
		return;
	hash_table_free(f->known);
	for (size_t i = 0; i < f->count; i++)
		mem_free(f->items[i].text);
	mem_free(f->items);
	mem_free(f->last);
	mem_free(f->name);
	mem_free(f);
}

bool error_list_has_room(struct error_list *f)
{
	bool room = f->count < ERROR_LIST_MAX;
	f->more += !room;
	return room;
}

void error_list_add(struct error_list *f, char *text, const size_t trail[ERROR_LIST_TRAIL])
{
	if (hash_table_add(f->known, text, strlen(text), text)) {
		mem_free(text);
		return;
	}
	f->items = mem_resize(f->items, (f->count + 1) * sizeof(*f->items));
	struct fault *fault = &f->items[f->count];
	*fault = (struct fault){.text = text, .number = f->count++};
	memcpy(fault->trail, trail, sizeof(fault->trail));
	f->sorted = false;
}

static int by_place(const void *a, const void *b)
{
	const struct fault *one = a, *other = b;
	for (size_t i = 0; i < ERROR_LIST_TRAIL; i++)
		if (one->trail[i] != other->trail[i])
			return one->trail[i] < other->trail[i] ? -1 : 1;
	return one->number < other->number ? -1 : 1;
}

size_t error_list_count(const struct error_list *f)
{
	return f->count + (f->more > 0);
}

const char *error_list_text(struct error_list *f, size_t i)
{
	if (!f->sorted && f->count)
		qsort(f->items, f->count, sizeof(*f->items), by_place);
	f->sorted = true;
	if (i < f->count)
		return f->items[i].text;
	if (i > f->count || !f->more)
		return NULL;
	mem_free(f->last);
	f->last = mem_printf("%s: %zu more error%s", f->name, f->more, f->more == 1 ? "" : "s");
	return f->last;
}
