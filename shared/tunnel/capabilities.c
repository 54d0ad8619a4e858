#include "shared/tunnel/capabilities.h"

#include <string.h>

_Static_assert(CAPABILITY_COUNT < 32, "a set is 32 bits");

static const char *const words[CAPABILITY_COUNT] = {
#define CAPABILITY_WORD(name, word) word,
    CAPABILITY_MAP(CAPABILITY_WORD)
#undef CAPABILITY_WORD
};

bool capabilities_has(struct capabilities a, enum ability which)
{
	return a.bits >> which & 1;
}

void capabilities_write(struct json *w, struct capabilities a)
{
	json_open(w, "can", '[');
	for (unsigned i = 0; i < CAPABILITY_COUNT; i++)
		if (capabilities_has(a, (enum ability)i))
			json_str(w, NULL, words[i]);
	json_close(w);
}

static uint32_t bit_of(const char *word)
{
	for (unsigned i = 0; i < CAPABILITY_COUNT; i++)
		if (!strcmp(words[i], word))
			return 1u << i;
	return 0;
}

void capabilities_read(struct conf_at at, struct capabilities *out)
{
	struct conf_at list = conf_list(at, "can");
	const char *word;
	*out = (struct capabilities){0};
	if (conf_len(list) > CAPABILITIES_WORDS_MOST) {
		conf_error(list, NULL, "has more than %d words", CAPABILITIES_WORDS_MOST);
		return;
	}
	for (size_t i = 0; i < conf_len(list); i++)
		if (conf_item_str(list, i, &word))
			out->bits |= bit_of(word);
}
