#include "tests/fuzz/json_mutator.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

enum { FORM = JSON_COMPACT | JSON_ENCODE_ANY, EDITS = 4, DEEP = 4, REPEATS = 1200, TEXT_MAX = 400 };

static uint32_t state;
static size_t room; /* bytes that the whole may have */

static size_t below(size_t n)
{
	state = state * 1664525 + 1013904223;
	return (size_t)((uint64_t)(state >> 4) * n >> 28);
}

static const char *any_of(const char *const *list)
{
	size_t count = 0;
	while (list[count])
		count++;
	return list[below(count)];
}

static json_t *any_number(void)
{
	static const json_int_t edges[] = {
	    0, 1, 2, 255, 65535, 65536, 4294967295, 4294967296, 9007199254740992, INT64_MAX - 1};
	json_int_t n = edges[below(sizeof(edges) / sizeof(edges[0]))] + (json_int_t)below(2);
	return below(8) == 0 ? json_real((double)n / 2) : json_integer(below(4) ? n : -n);
}

static json_t *any_value(unsigned depth)
{
	json_t *made;
	size_t kind = below(depth < DEEP ? 12 : 9);
	if (kind < 6)
		return json_loads(any_of(json_mutator_values), JSON_DECODE_ANY, NULL);
	if (kind == 6)
		return json_string(any_of(json_mutator_keys));
	if (kind == 7)
		return any_number();
	if (kind == 8)
		return below(3) ? json_boolean(below(2)) : json_null();
	made = kind == 9 ? json_array() : json_object();
	for (size_t n = below(4); n; n--) {
		if (kind == 9)
			json_array_append_new(made, any_value(depth + 1));
		else
			json_object_set_new(made, any_of(json_mutator_keys), any_value(depth + 1));
	}
	return made;
}

/* The same text with some bytes changed, if that is still a text; else another value. */
static json_t *changed(const json_t *value)
{
	uint8_t text[TEXT_MAX];
	size_t len = json_string_length(value);
	if (!json_is_string(value) || len > TEXT_MAX)
		return any_value(0);
	memcpy(text, json_string_value(value), len);
	len = LLVMFuzzerMutate(text, len, TEXT_MAX);
	json_t *made = json_stringn((const char *)text, len);
	return made ? made : any_value(0);
}

static void edit_list(json_t *list, size_t i)
{
	json_t *item = json_array_get(list, i);
	size_t size = json_dumpb(item, NULL, 0, FORM) + 1, n = below(2) ? 1 : 1 + below(REPEATS);
	switch (below(5)) {
	case 0:
		json_array_set_new(list, i, any_value(0));
		break;
	case 1:
		json_array_remove(list, i);
		break;
	case 2:
		json_array_insert_new(list, i, any_value(0));
		break;
	case 3:
		json_array_set_new(list, i, changed(item));
		break;
	default:
		for (n = n < room / size ? n : room / size; n; n--)
			json_array_append_new(list,
					      below(4) ? json_incref(item) : json_deep_copy(item));
	}
}

static void edit_object(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	switch (below(5)) {
	case 0:
		json_object_set_new(object, key, any_value(0));
		break;
	case 1:
		json_object_del(object, key);
		break;
	case 2:
		json_object_set(object, any_of(json_mutator_keys), value);
		break;
	case 3:
		json_object_set_new(object, key, changed(value));
		break;
	default:
		json_object_set_new(object, any_of(json_mutator_keys), any_value(0));
	}
}

static const char *any_key(json_t *object)
{
	size_t n = below(json_object_size(object));
	void *at = json_object_iter(object);
	while (n--)
		at = json_object_iter_next(object, at);
	return json_object_iter_key(at);
}

/* Somewhere below node, which is a list or an object. */
static void edit(json_t *node)
{
	for (;;) {
		bool list = json_is_array(node);
		if (list ? !json_array_size(node) : !json_object_size(node)) {
			if (list)
				json_array_append_new(node, any_value(0));
			else
				json_object_set_new(node, any_of(json_mutator_keys), any_value(0));
			return;
		}
		size_t i = list ? below(json_array_size(node)) : 0;
		const char *key = list ? NULL : any_key(node);
		json_t *child = list ? json_array_get(node, i) : json_object_get(node, key);
		bool deeper = json_is_array(child) || json_is_object(child);
		if (!deeper || !below(3)) {
			if (list)
				edit_list(node, i);
			else
				edit_object(node, key);
			return;
		}
		node = child;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	state = seed;
	room = max_size;
	json_t *root = json_loadb((const char *)data, size, 0, NULL);
	if (!root && below(2))
		root = below(2) ? json_array() : json_object();
	if (!root || below(8) == 0) {
		json_decref(root);
		return LLVMFuzzerMutate(data, size, max_size);
	}
	for (size_t n = 1 + below(EDITS); n; n--)
		edit(root);
	size_t len = json_dumpb(root, NULL, 0, FORM);
	if (len <= max_size)
		json_dumpb(root, (char *)data, len, FORM);
	json_decref(root);
	return len <= max_size ? len : LLVMFuzzerMutate(data, size, max_size);
}
