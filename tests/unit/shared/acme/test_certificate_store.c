#define _GNU_SOURCE /* nftw */
#include "shared/acme/certificate_store.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "tests/unit/shared/acme/fake_ca.h"
#include "tests/unit/tempdir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const names[] = {"*.alice.example", "alice.example"};

static struct certificate_store *open_store(void)
{
	return certificate_store_new(tempdir, "https://ca.test:14000/dir");
}

/* The text of a file of the store; its mode is what every file there has. */
static const char *file_of(const char *name)
{
	char path[150];
	struct stat st;
	snprintf(path, sizeof(path), "acme/ca.test-a0b46e77/%s", name);
	assert_int_equal(stat(tempdir_path(path), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	return tempdir_read(path);
}

static void put_file(const char *name, const char *text)
{
	char path[150];
	snprintf(path, sizeof(path), "acme/ca.test-a0b46e77/%s", name);
	tempdir_write(path, text);
}

static void the_account_is_made_once(void **state)
{
	struct certificate_store *s = open_store();
	struct p256 key, again;
	struct stat st;
	char *url, *why;
	(void)state;
	umask(0);
	assert_int_equal(certificate_store_account(s, &key, &url, &why), 0);
	assert_null(url);
	assert_null(why);
	assert_non_null(strstr(file_of("account.key"), "-----BEGIN PRIVATE KEY-----"));
	assert_int_equal(stat(tempdir_path("acme/ca.test-a0b46e77"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(certificate_store_set_account(s, "https://ca.test/account/7", &why), 0);
	file_of("account.json");
	certificate_store_free(s);
	s = open_store();
	assert_int_equal(certificate_store_account(s, &again, &url, &why), 0);
	assert_memory_equal(&key, &again, sizeof(key));
	assert_string_equal(url, "https://ca.test/account/7");
	mem_free(url);
	certificate_store_free(s);
}

static void another_directory_of_the_ca_has_another_account(void **state)
{
	struct certificate_store *s = open_store(),
				 *staging =
				     certificate_store_new(tempdir, "https://ca.test/staging");
	struct p256 key, other;
	char *url, *why;
	(void)state;
	assert_int_equal(certificate_store_account(s, &key, &url, &why), 0);
	assert_int_equal(certificate_store_set_account(s, "https://ca.test/account/7", &why), 0);
	assert_int_equal(certificate_store_account(staging, &other, &url, &why), 0);
	assert_null(url);
	assert_memory_not_equal(&key, &other, sizeof(key));
	/* a file that was copied from there */
	put_file("account.json", "{\"directory\":\"https://ca.test/staging\",\"account\":\"x\"}");
	assert_int_equal(certificate_store_account(s, &key, &url, &why), 0);
	assert_null(url);
	certificate_store_free(s);
	certificate_store_free(staging);
}

static void a_broken_account_key_is_not_overwritten(void **state)
{
	struct certificate_store *s = open_store();
	struct p256 key;
	char *url, *why;
	(void)state;
	assert_int_equal(certificate_store_account(s, &key, &url, &why), 0);
	put_file("account.key", "nonsense");
	assert_int_equal(certificate_store_account(s, &key, &url, &why), ERR_SYNTAX);
	assert_string_equal(strrchr(why, '/'), "/account.key: holds no private key of P-256");
	mem_free(why);
	assert_string_equal(file_of("account.key"), "nonsense");
	certificate_store_free(s);
}

/* A certificate for both names. */
static void make(struct certificate *out, struct p256 *key)
{
	struct fake_ca ca;
	struct buf der = BUF_INIT;
	char why[CERTIFICATE_WORDS];
	fake_ca_init(&ca);
	p256_new(key);
	certificate_request(key, names, 2, &der);
	const uint8_t *p = buf_data(&der);
	X509_REQ *request = d2i_X509_REQ(NULL, &p, (long)buf_len(&der));
	fake_ca_sign(&ca, request, 0);
	X509_REQ_free(request);
	buf_fini(&der);
	assert_int_equal(certificate_init(out, buf_str(&ca.certificate), buf_len(&ca.certificate),
					  key, names, 2, why),
			 0);
	fake_ca_fini(&ca);
}

static void a_certificate_comes_back_with_its_key(void **state)
{
	struct certificate_store *s = open_store();
	struct certificate c, again;
	struct p256 key, key_again;
	char *why;
	(void)state;
	assert_int_equal(certificate_store_read(s, names[0], names, 2, &c, &key, &why), -ENOENT);
	mem_free(why);
	make(&c, &key);
	assert_int_equal(certificate_store_write(s, names[0], &c, &key, &why), 0);
	file_of("_.alice.example.pem");
	assert_int_equal(certificate_store_read(s, names[0], names, 2, &again, &key_again, &why),
			 0);
	assert_memory_equal(&key, &key_again, sizeof(key));
	assert_string_equal(c.chain, again.chain);
	assert_string_equal(c.id, again.id);
	assert_true(c.not_after_ms == again.not_after_ms);
	certificate_fini(&again);
	/* The mapping has got one more name meanwhile. */
	const char *const more[] = {"*.alice.example", "alice.example", "bob.example"};
	assert_int_equal(certificate_store_read(s, names[0], more, 3, &again, &key, &why),
			 ERR_CERTIFICATE);
	assert_non_null(strstr(why, "_.alice.example.pem: the certificate is not for bob.example"));
	mem_free(why);
	/* A file that holds no key, or half a certificate. */
	put_file("_.alice.example.pem", c.chain);
	assert_int_equal(certificate_store_read(s, names[0], names, 2, &again, &key, &why),
			 ERR_CERTIFICATE);
	assert_non_null(strstr(why, "holds no private key of P-256"));
	mem_free(why);
	certificate_store_remove(s, names[0]);
	assert_int_equal(certificate_store_read(s, names[0], names, 2, &again, &key, &why),
			 -ENOENT);
	mem_free(why);
	certificate_fini(&c);
	certificate_store_free(s);
}

static void a_schedule_outlives_the_process(void **state)
{
	struct certificate_store *s = open_store();
	struct certificate_schedule schedule = {0}, again;
	const struct certificate_schedule new = {0};
	char *why;
	(void)state;
	certificate_store_read_schedule(s, "192.0.2.1", &again);
	assert_memory_equal(&again, &new, sizeof(new));
	certificate_schedule_ordered(&schedule, 1795967407000);
	assert_int_equal(certificate_store_write_schedule(s, "192.0.2.1", &schedule, &why), 0);
	file_of("192.0.2.1.schedule");
	certificate_store_read_schedule(s, "192.0.2.1", &again);
	assert_memory_equal(&again, &schedule, sizeof(schedule));
	put_file("192.0.2.1.schedule", "{\"ordered\":");
	certificate_store_read_schedule(s, "192.0.2.1", &again);
	assert_memory_equal(&again, &new, sizeof(new));
	certificate_store_free(s);
}

static void no_name_leads_out_of_the_directory(void **state)
{
	struct certificate_store *s = open_store();
	(void)state;
	static const char *const rows[][2] = {{"../../x", "/.._.._x.pem"},
					      {"2001:db8::1", "/2001_db8__1.pem"},
					      {"account", "/account.pem"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *path = certificate_store_path(s, rows[i][0]);
		assert_string_equal(strrchr(path, '/'), rows[i][1]);
		mem_free(path);
	}
	certificate_store_free(s);
}

/* As long as a host may be: a file's name may have 255 bytes, and a temporary one is longer. Two
 * that differ at their ends only are two files. */
static void a_long_name_has_a_file_of_its_own(void **state)
{
	char hosts[2][254];
	struct certificate_schedule written = {.renew_ms = 1}, read;
	char *why = NULL;
	(void)state;
	struct certificate_store *s = certificate_store_new(tempdir, "https://ca.test/dir");
	for (int i = 0; i < 2; i++) {
		memset(hosts[i], 'a', 253);
		hosts[i][252] = (char)('a' + i);
		hosts[i][253] = '\0';
		written.renew_ms = 1 + (uint64_t)i;
		assert_int_equal(certificate_store_write_schedule(s, hosts[i], &written, &why), 0);
	}
	for (int i = 0; i < 2; i++) {
		certificate_store_read_schedule(s, hosts[i], &read);
		assert_int_equal(read.renew_ms, 1 + i);
	}
	certificate_store_free(s);
}

static void a_directory_that_cannot_be_is_told(void **state)
{
	struct certificate_store *s = open_store();
	struct p256 key;
	char *url, *why;
	(void)state;
	tempdir_write("acme", "a file");
	assert_int_equal(certificate_store_account(s, &key, &url, &why), -ENOTDIR);
	assert_non_null(strstr(why, "/account.key: not a directory"));
	mem_free(why);
	certificate_store_free(s);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, tempdir_make, tempdir_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_DIR(the_account_is_made_once),
	    IN_DIR(another_directory_of_the_ca_has_another_account),
	    IN_DIR(a_broken_account_key_is_not_overwritten),
	    IN_DIR(a_certificate_comes_back_with_its_key),
	    IN_DIR(a_schedule_outlives_the_process),
	    IN_DIR(no_name_leads_out_of_the_directory),
	    IN_DIR(a_long_name_has_a_file_of_its_own),
	    IN_DIR(a_directory_that_cannot_be_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
