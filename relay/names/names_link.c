#include "relay/names/names_link.h"

#include "relay/agents/registry.h"
#include "relay/names/names.h"
#include "shared/base/mem.h"

#include <stdio.h>

struct word {
	struct context *world;
	char *account, *agent;
	struct name_wish_list wishes;
	struct mapping_list mappings;
	struct addr seen, address6, judged;
	char nat[8];
};

static void report(struct context *w, const char *account, const char *agent)
{
	struct agent *h = registry_home(w->agents, account, agent);
	if (!h)
		return;
	struct name_report *reports;
	size_t count = names_report(w->names, account, agent, &reports);
	agent_set_names(h, reports, count);
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
	if (m->world->names) {
		struct declared_names_agent a = {.account = m->account,
						 .agent = m->agent,
						 .wishes = &m->wishes,
						 .mappings = &m->mappings,
						 .seen = m->seen,
						 .address6 = m->address6,
						 .nat = m->nat,
						 .judged = m->judged};
		names_set_agent(m->world->names, &a);
		report(m->world, m->account, m->agent);
	}
	free_word(m);
}

void names_link_declare(struct context *w, const char *account, const char *agent,
			const struct declare *d, const struct addr *seen)
{
	struct word *m = mem_zalloc(sizeof *m);
	m->world = w;
	m->account = mem_strdup(account);
	m->agent = mem_strdup(agent);
	name_wish_list_copy(&m->wishes, &d->names);
	m->mappings.items = mem_alloc(d->mappings.count * sizeof *m->mappings.items);
	m->mappings.count = d->mappings.count;
	for (size_t i = 0; i < d->mappings.count; i++)
		mapping_copy(&m->mappings.items[i], &d->mappings.items[i]);
	m->seen = *seen;
	m->address6 = d->address6;
	m->judged = d->judged;
	snprintf(m->nat, sizeof m->nat, "%s", d->nat);
	if (!loop_post(w->main, take_word, m))
		free_word(m);
}

static void on_changed(void *owner, const char *account, const char *agent)
{
	report(owner, account, agent);
}

void names_link_watch(struct context *w)
{
	names_watch(w->names, on_changed, w);
}
