#include "shared/base/shared_text.h"

#include "shared/base/mem.h"

struct shared_text *shared_text_new(struct buf *text)
{
	struct shared_text *s = mem_alloc(sizeof *s);
	*s = (struct shared_text){.text = *text, .keepers = 1};
	buf_init(text);
	return s;
}

struct shared_text *shared_text_keep(struct shared_text *s)
{
	s->keepers++;
	return s;
}

void shared_text_drop(struct shared_text *s)
{
	if (!s || --s->keepers)
		return;
	buf_fini(&s->text);
	mem_free(s);
}
