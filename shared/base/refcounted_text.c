#include "shared/base/refcounted_text.h"

#include "shared/base/mem.h"

struct refcounted_text *refcounted_text_new(struct buf *text)
{
	struct refcounted_text *s = mem_alloc(sizeof *s);
	*s = (struct refcounted_text){.text = *text, .keepers = 1};
	buf_init(text);
	return s;
}

struct refcounted_text *refcounted_text_keep(struct refcounted_text *s)
{
	s->keepers++;
	return s;
}

void refcounted_text_drop(struct refcounted_text *s)
{
	if (!s || --s->keepers)
		return;
	buf_fini(&s->text);
	mem_free(s);
}
