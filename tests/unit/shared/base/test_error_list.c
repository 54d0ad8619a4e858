#include "shared/base/error_list.h"

#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void add(struct error_list *f, const char *text, size_t first, size_t second)
{
	assert_true(error_list_has_room(f));
	error_list_add(f, mem_strdup(text), (const size_t[ERROR_LIST_TRAIL]){first, second});
}

static void they_are_told_in_the_order_of_the_document_and_once(void **state)
{
	(void)state;
	struct error_list *f = error_list_new("a.json");
	assert_int_equal(error_list_count(f), 0);
	assert_null(error_list_text(f, 0));
	add(f, "third", 2, 1);
	add(f, "first", 1, 0);
	add(f, "second", 1, 9);
	assert_string_equal(error_list_text(f, 0), "first");
	add(f, "third", 2, 1);
	add(f, "last, found later", 2, 1);
	add(f, "nought", 0, 7);
	static const char *const order[] = {"nought", "first", "second", "third",
					    "last, found later"};
	assert_int_equal(error_list_count(f), 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(error_list_text(f, i), order[i]);
	assert_null(error_list_text(f, 5));
	error_list_free(f);
	error_list_free(NULL);
}

static void what_is_not_kept_is_counted(void **state)
{
	(void)state;
	struct error_list *f = error_list_new("a.json");
	char text[16];
	for (size_t i = 0; i < ERROR_LIST_MAX; i++) {
		snprintf(text, sizeof(text), "fault %zu", i);
		add(f, text, ERROR_LIST_MAX - i, 0);
	}
	assert_int_equal(error_list_count(f), ERROR_LIST_MAX);
	assert_null(error_list_text(f, ERROR_LIST_MAX));
	assert_false(error_list_has_room(f));
	assert_int_equal(error_list_count(f), ERROR_LIST_MAX + 1);
	assert_string_equal(error_list_text(f, ERROR_LIST_MAX), "a.json: 1 more error");
	assert_false(error_list_has_room(f));
	assert_string_equal(error_list_text(f, ERROR_LIST_MAX), "a.json: 2 more errors");
	assert_string_equal(error_list_text(f, 0), "fault 999");
	assert_null(error_list_text(f, ERROR_LIST_MAX + 1));
	error_list_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(they_are_told_in_the_order_of_the_document_and_once),
	    cmocka_unit_test(what_is_not_kept_is_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
