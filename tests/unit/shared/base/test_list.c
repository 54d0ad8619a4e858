#include "shared/base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct thing {
	char letter;
	struct list link;
};

static const char *letters(struct list *head)
{
	static char out[16];
	size_t n = 0;
	LIST_EACH(node, head)
	out[n++] = LIST_ENTRY(node, struct thing, link)->letter;
	out[n] = 0;
	return out;
}

static void things_stay_in_order(void **state)
{
	(void)state;
	struct list head;
	struct thing a = {.letter = 'a'}, b = {.letter = 'b'}, c = {.letter = 'c'};
	list_init(&head);
	assert_true(list_is_empty(&head));
	list_append(&head, &b.link);
	list_append(&head, &c.link);
	list_prepend(&head, &a.link);
	assert_string_equal(letters(&head), "abc");
	list_remove(&b.link);
	assert_string_equal(letters(&head), "ac");
	list_append(&head, &b.link);
	assert_string_equal(letters(&head), "acb");
}

static void removing_twice_or_while_walking_does_no_harm(void **state)
{
	(void)state;
	struct list head;
	struct thing things[3] = {{.letter = 'a'}, {.letter = 'b'}, {.letter = 'c'}};
	list_init(&head);
	for (unsigned i = 0; i < 3; i++)
		list_append(&head, &things[i].link);
	list_remove(&things[1].link);
	list_remove(&things[1].link);
	assert_true(list_is_empty(&things[1].link));
	unsigned walked = 0;
	LIST_EACH(node, &head)
	{
		list_remove(node);
		walked++;
	}
	assert_int_equal(walked, 2);
	assert_true(list_is_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(things_stay_in_order),
	    cmocka_unit_test(removing_twice_or_while_walking_does_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
