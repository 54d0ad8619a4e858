#include "relay/names/names_link.h"

void names_link_declare(void *owner, const char *account, const char *agent,
			const struct declare *d, const struct addr *remote, unsigned count)
{
	struct names_link *l = owner;
	const struct declaration said = {.account = account,
					 .agent = agent,
					 .entries = &d->names,
					 .mappings = &d->mappings,
					 .seen = *remote,
					 .address6 = d->address6,
					 .nat = d->nat,
					 .judged = d->judged,
					 .count = count};
	if (l->declared)
		declared_names_set(l->declared, &said);
}

static void on_report(void *owner, const char *account, const char *agent,
		      struct name_report *reports, size_t count)
{
	struct names_link *l = owner;
	registry_set_names(l->agents, account, agent, reports, count);
}

static bool is_alive(void *owner, const char *account, const char *agent)
{
	const struct names_link *l = owner;
	return registry_has(l->agents, account, agent);
}

void names_link_open(struct names_link *l, struct names *names, struct registry *agents)
{
	*l = (struct names_link){declared_names_new(names, on_report, is_alive, l), agents};
}

void names_link_close(struct names_link *l)
{
	declared_names_free(l->declared);
	l->declared = NULL;
}
