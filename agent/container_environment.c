#include "agent/container_environment.h"

#include "agent/config_edit.h"
#include "agent/join_line.h"
#include "shared/base/cli.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLANKS " \t\r"

/* NULL when it is not set, or empty: compose files set what is not given to nothing. */
static char *value_of(const char *name)
{
	char *value = getenv(name);
	return value && *value ? value : NULL;
}

static int join(const char *file, const char *text)
{
	struct join_line line;
	struct agent_config *c;
	char why[256];
	if (join_line_parse(text, &line, why, sizeof(why)) != 0) {
		log_say("GROUNDNUT_JOIN is not a join line: %s", why);
		return EXIT_USAGE;
	}
	if (value_of("GROUNDNUT_AGENT")) {
		mem_free(line.agent);
		line.agent = mem_strdup(value_of("GROUNDNUT_AGENT"));
	}
	int code = config_edit_join(file, &line, false, &c);
	join_line_fini(&line);
	agent_config_free(c);
	return code;
}

/* Runs `map` once; text is cut into words. */
static int map_one(char *text, container_environment_map_fn *map, void *arg)
{
	char *words[CLI_WORDS], *rest = NULL;
	int count = 0;
	for (char *word = strtok_r(text, BLANKS, &rest); word;
	     word = strtok_r(NULL, BLANKS, &rest)) {
		if (count == CLI_WORDS) {
			log_say("GROUNDNUT_MAP: too many words before \"%s\"", word);
			return EXIT_USAGE;
		}
		words[count++] = word;
	}
	return count ? map(arg, words, count) : 0;
}

static int map_all(const char *text, container_environment_map_fn *map, void *arg)
{
	char *copy = mem_strdup(text), *rest = NULL;
	int code = 0;
	for (char *one = strtok_r(copy, ";\n", &rest); one && !code;
	     one = strtok_r(NULL, ";\n", &rest))
		code = map_one(one, map, arg);
	mem_free(copy);
	return code;
}

int container_environment_apply(const char *file, container_environment_map_fn *map, void *arg)
{
	const char *line = value_of("GROUNDNUT_JOIN"), *mappings = value_of("GROUNDNUT_MAP");
	if (!line || file_exists(file))
		return 0;
	int code = join(file, line);
	if (code)
		return code;
	if (mappings)
		code = map_all(mappings, map, arg);
	if (code)
		unlink(file);
	return code;
}
