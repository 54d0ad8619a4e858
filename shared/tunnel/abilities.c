#include "shared/tunnel/abilities.h"

#include <string.h>

_Static_assert(ABILITY_COUNT < 32, "a set is 32 bits");

static const char *const words[ABILITY_COUNT] = {
#define ABILITY_WORD(name, word) word,
    ABILITY_MAP(ABILITY_WORD)
#undef ABILITY_WORD
};

bool abilities_has(struct abilities a, enum ability which)
{
	return a.bits >> which & 1;
}

void abilities_write(struct json *w, struct abilities a)
{
	json_open(w, "can", '[');
	for (unsigned i = 0; i < ABILITY_COUNT; i++)
		if (abilities_has(a, (enum ability)i))
			json_str(w, NULL, words[i]);
	json_close(w);
}

static uint32_t bit_of(const char *word)
{
	for (unsigned i = 0; i < ABILITY_COUNT; i++)
		if (!strcmp(words[i], word))
			return 1u << i;
	return 0;
}

void abilities_read(struct conf_at at, struct abilities *out)
{
	struct conf_at list = conf_list(at, "can");
	const char *word;
	*out = (struct abilities){0};
	if (conf_len(list) > ABILITIES_WORDS_MOST) {
		conf_error(list, NULL, "has more than %d words", ABILITIES_WORDS_MOST);
		return;
	}
	for (size_t i = 0; i < conf_len(list); i++)
		if (conf_item_str(list, i, &word))
			out->bits |= bit_of(word);
}
