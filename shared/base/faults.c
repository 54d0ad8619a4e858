#include "shared/base/faults.h"

#include "shared/base/dict.h"
#include "shared/base/mem.h"

#include <stdlib.h>
#include <string.h>

struct fault {
	char *text;
	size_t number; /* the how manieth that was found */
	size_t trail[FAULTS_TRAIL];
};

struct faults {
	char *name;
	struct fault *items;
	size_t count;
	bool sorted;
	struct dict *known; /* by text */
	size_t more;        /* than are kept */
	char *last;         /* the line that says so */
};

struct faults *faults_new(const char *name)
{
	struct faults *f = mem_zalloc(sizeof(*f));
	f->name = mem_strdup(name);
	f->known = dict_new();
	return f;
}

void faults_free(struct faults *f)
{
	if (!f)
		return;
	dict_free(f->known);
	for (size_t i = 0; i < f->count; i++)
		mem_free(f->items[i].text);
	mem_free(f->items);
	mem_free(f->last);
	mem_free(f->name);
	mem_free(f);
}

bool faults_has_room(struct faults *f)
{
	bool room = f->count < FAULTS_MAX;
	f->more += !room;
	return room;
}

void faults_add(struct faults *f, char *text, const size_t trail[FAULTS_TRAIL])
{
	if (dict_add(f->known, text, strlen(text), text)) {
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
	for (size_t i = 0; i < FAULTS_TRAIL; i++)
		if (one->trail[i] != other->trail[i])
			return one->trail[i] < other->trail[i] ? -1 : 1;
	return one->number < other->number ? -1 : 1;
}

size_t faults_count(const struct faults *f)
{
	return f->count + (f->more > 0);
}

const char *faults_text(struct faults *f, size_t i)
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
