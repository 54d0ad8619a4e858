#include "agent/operator_certificate.h"

#include "shared/acme/certificate.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/mem.h"

#include <string.h>

enum { FILE_MOST = 256 * 1024 };

static int read_text(const char *path, char **out, size_t *len, char **why)
{
	int err = file_read(path, FILE_MOST, out, len);
	if (err)
		*why = mem_printf("%s: %s", path, err_text(err));
	return err;
}

static int use(const char *certificate, const char *chain, size_t len, const char *key,
	       struct operator_certificate *out, char **why)
{
	struct certificate read;
	char words[CERTIFICATE_WORDS], *reason = NULL;
	int err = certificate_init(&read, chain, len, NULL, NULL, 0, words);
	if (err) {
		*why = mem_printf("%s: %s", certificate, words);
		return err;
	}
	out->not_before_ms = read.not_before_ms;
	out->not_after_ms = read.not_after_ms;
	memcpy(out->issuer, read.issuer, sizeof(out->issuer));
	out->tls = tls_context_web_new(read.chain, key, &reason);
	certificate_fini(&read);
	if (out->tls)
		return 0;
	*why = mem_printf("%s: %s", certificate, reason);
	mem_free(reason);
	return ERR_CERTIFICATE;
}

int operator_certificate_read(const char *certificate, const char *key,
			      struct operator_certificate *out, char **why)
{
	char *chain = NULL, *secret = NULL;
	size_t len, secret_len = 0;
	memset(out, 0, sizeof(*out));
	*why = NULL;
	int err = read_text(certificate, &chain, &len, why);
	if (!err)
		err = read_text(key, &secret, &secret_len, why);
	if (!err)
		err = use(certificate, chain, len, secret, out, why);
	if (secret)
		mem_wipe(secret, secret_len);
	mem_free(secret);
	mem_free(chain);
	return err;
}
