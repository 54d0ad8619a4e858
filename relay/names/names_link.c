#include "relay/names/names_link.h"

#include "shared/base/mem.h"

#include <stdio.h>

struct message {
	struct names_link *link;
	char *account, *agent;
	struct name_wish_list entries;
	struct mapping_list mappings;
	struct addr seen, address6, judged;
	char nat[8];
};

static void free_message(struct message *m)
{
	mem_free(m->account);
	mem_free(m->agent);
	name_wish_list_fini(&m->entries);
	mapping_list_fini(&m->mappings);
	mem_free(m);
}

static void take_message(void *arg)
{
	struct message *m = arg;
	const struct declaration said = {.account = m->account,
					 .agent = m->agent,
					 .entries = &m->entries,
					 .mappings = &m->mappings,
					 .seen = m->seen,
					 .address6 = m->address6,
					 .nat = m->nat,
					 .judged = m->judged};
	if (m->link->declared)
		declared_names_set(m->link->declared, &said);
	free_message(m);
}

void names_link_declare(void *owner, const char *account, const char *agent,
			const struct declare *d, const struct addr *remote)
{
	struct message *m = mem_zalloc(sizeof *m);
	m->link = owner;
	m->account = mem_strdup(account);
	m->agent = mem_strdup(agent);
	name_wish_list_copy(&m->entries, &d->names);
	m->mappings.items = mem_alloc(d->mappings.count * sizeof *m->mappings.items);
	m->mappings.count = d->mappings.count;
	for (size_t i = 0; i < d->mappings.count; i++)
		mapping_copy(&m->mappings.items[i], &d->mappings.items[i]);
	m->seen = *remote;
	m->address6 = d->address6;
	m->judged = d->judged;
	snprintf(m->nat, sizeof m->nat, "%s", d->nat);
	if (!loop_post(m->link->main, take_message, m))
		free_message(m);
}

static void on_report(void *owner, const char *account, const char *agent,
		      struct name_report *reports, size_t count)
{
	struct names_link *l = owner;
	registry_set_names(l->agents, account, agent, reports, count);
}

void names_link_open(struct names_link *l, struct loop *main, struct names *names,
		     struct registry *agents)
{
	*l = (struct names_link){main, declared_names_new(names, on_report, l), agents};
}

void names_link_close(struct names_link *l)
{
	declared_names_free(l->declared);
	l->declared = NULL;
}
