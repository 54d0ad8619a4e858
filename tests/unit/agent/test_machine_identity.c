/* The name that a machine goes by: made once from its host name, and kept. */
#include "agent/machine_identity.h"

#include "shared/base/mem.h"
#include "shared/base/text.h"

#include "tests/unit/agent/scratch.h"

static void host_names_become_distinct_agent_names(void **state)
{
	static const char *const hosts[][2] = {
	    {"nas", "nas"},
	    {"pc-2.lan", "pc-2.lan"},
	    {"Müllers-NAS", "M-llers-NAS-"},
	    {"客厅的电脑", "agent-"},
	    {"办公室电脑", "agent-"},
	    {"", "agent-"},
	    {"-x", "x-"},
	    {"my pc", "my-pc-"},
	};
	(void)state;
	char *names[sizeof(hosts) / sizeof(hosts[0])];
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		names[i] = machine_identity_name_of_host(hosts[i][0]);
		assert_true(text_is_name(names[i]));
		assert_int_equal(strncmp(names[i], hosts[i][1], strlen(hosts[i][1])), 0);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(names[i], names[k]);
	}
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		mem_free(names[i]);
}

static void a_long_host_name_is_cut_and_marked(void **state)
{
	char host[200];
	(void)state;
	memset(host, 'a', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	char *name = machine_identity_name_of_host(host);
	assert_int_equal(strlen(name), 63);
	assert_true(text_is_name(name));
	mem_free(name);
}

static void the_first_name_stays(void **state)
{
	struct machine_identity id;
	(void)state;
	assert_int_equal(machine_identity_note_attached(scratch_dir, "3f2a1b0c9d8e"), 0);
	machine_identity_read(scratch_dir, &id);
	char *name = machine_identity_name(&id);
	assert_string_equal(name, "3f2a1b0c9d8e");
	mem_free(name);
	machine_identity_fini(&id);
}

static void another_machine_gets_a_name_of_its_own(void **state)
{
	struct machine_identity id = {.agent = (char *)"copied", .machine = (char *)"00ff"};
	(void)state;
	char *name = machine_identity_name(&id);
	if (access("/etc/machine-id", R_OK) == 0)
		assert_string_not_equal(name, "copied");
	mem_free(name);
	id.machine = NULL; /* a container has none: its name stays */
	name = machine_identity_name(&id);
	assert_string_equal(name, "copied");
	mem_free(name);
}

static void a_failed_join_is_remembered_until_one_works(void **state)
{
	(void)state;
	assert_false(machine_identity_is_failed_join(scratch_dir, "alice"));
	assert_int_equal(machine_identity_note_failed_join(scratch_dir, "alice"), 0);
	assert_true(machine_identity_is_failed_join(scratch_dir, "alice"));
	assert_false(machine_identity_is_failed_join(scratch_dir, "bob"));
	assert_int_equal(machine_identity_note_attached(scratch_dir, NULL), 0);
	assert_false(machine_identity_is_failed_join(scratch_dir, "alice"));
}

static void a_broken_file_remembers_nothing(void **state)
{
	struct machine_identity id;
	(void)state;
	scratch_write("identity.json", "{\"agent\": [");
	machine_identity_read(scratch_dir, &id);
	assert_null(id.agent);
	machine_identity_fini(&id);
	scratch_write("identity.json", "{\"agent\": \"../x y\"}");
	machine_identity_read(scratch_dir, &id);
	assert_null(id.agent);
	machine_identity_fini(&id);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(host_names_become_distinct_agent_names),
	    TEST(a_long_host_name_is_cut_and_marked),
	    TEST(the_first_name_stays),
	    TEST(another_machine_gets_a_name_of_its_own),
	    TEST(a_failed_join_is_remembered_until_one_works),
	    TEST(a_broken_file_remembers_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
