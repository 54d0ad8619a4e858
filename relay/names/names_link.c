#include "relay/names/names_link.h"

#include "shared/base/mem.h"

#include <stdio.h>

struct word {
	struct names_link *link;
	char *account, *agent;
	struct name_wish_list wishes;
	struct mapping_list mappings;
	struct addr seen, address6, judged;
	char nat[8];
};

static void report(struct names_link *l, const char *account, const char *agent)
{
	struct name_report *reports;
	size_t count = names_report(l->names, account, agent, &reports);
	registry_set_names(l->agents, account, agent, reports, count);
}

static void free_word(struct word *m)
{
	mem_free(m->account);
	mem_free(m->agent);
	name_wish_list_fini(&m->wishes);
	mapping_list_fini(&m->mappings);
	mem_free(m);
}

static void take_word(void *arg)
{
	struct word *m = arg;
	if (m->link->names) {
		struct declared_names_agent a = {.account = m->account,
						 .agent = m->agent,
						 .wishes = &m->wishes,
						 .mappings = &m->mappings,
						 .seen = m->seen,
						 .address6 = m->address6,
						 .nat = m->nat,
						 .judged = m->judged};
		names_set_agent(m->link->names, &a);
		report(m->link, m->account, m->agent);
	}
	free_word(m);
}

void names_link_declare(void *owner, const char *account, const char *agent,
			const struct declare *d, const struct addr *remote)
{
	struct word *m = mem_zalloc(sizeof *m);
	m->link = owner;
	m->account = mem_strdup(account);
	m->agent = mem_strdup(agent);
	name_wish_list_copy(&m->wishes, &d->names);
	m->mappings.items = mem_alloc(d->mappings.count * sizeof *m->mappings.items);
	m->mappings.count = d->mappings.count;
	for (size_t i = 0; i < d->mappings.count; i++)
		mapping_copy(&m->mappings.items[i], &d->mappings.items[i]);
	m->seen = *remote;
	m->address6 = d->address6;
	m->judged = d->judged;
	snprintf(m->nat, sizeof m->nat, "%s", d->nat);
	if (!loop_post(m->link->main, take_word, m))
		free_word(m);
}

static void on_changed(void *owner, const char *account, const char *agent)
{
	report(owner, account, agent);
}

void names_link_init(struct names_link *l, struct loop *main, struct names *names,
		     struct registry *agents)
{
	*l = (struct names_link){main, names, agents};
	names_watch(names, on_changed, l);
}
