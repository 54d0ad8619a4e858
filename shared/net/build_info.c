#include "shared/net/build_info.h"

#include "shared/base/mem.h"

#include <http_parser.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <uv.h>
#if GROUNDNUT_IDN
#include <idn2.h>
#endif
#ifdef GROUNDNUT_SECCOMP
#include <seccomp.h>
#endif

#ifdef GROUNDNUT_COMMIT
#define COMMIT_LINE "commit " GROUNDNUT_COMMIT "\n"
#else
#define COMMIT_LINE ""
#endif

/* What a build may lack, and then tells nothing of. */
static char *idn_text(void)
{
#if GROUNDNUT_IDN
	return mem_printf(", libidn2 %s", idn2_check_version(NULL));
#else
	return mem_strdup("");
#endif
}

static char *seccomp_text(void)
{
#ifdef GROUNDNUT_SECCOMP
	const struct scmp_version *v = seccomp_version();
	return mem_printf(", libseccomp %u.%u.%u", v->major, v->minor, v->micro);
#else
	return mem_strdup("");
#endif
}

char *build_info_text(const char *more)
{
	unsigned long parser = http_parser_version();
	char *idn = idn_text(), *seccomp = seccomp_text();
	char *text = mem_printf(
	    COMMIT_LINE "libuv %s, OpenSSL %s, jansson %s, http-parser %lu.%lu.%lu%s%s%s%s\n",
	    uv_version_string(), OpenSSL_version(OPENSSL_VERSION_STRING), jansson_version_str(),
	    parser >> 16 & 255, parser >> 8 & 255, parser & 255, idn, seccomp, more ? ", " : "",
	    more ? more : "");
	mem_free(idn);
	mem_free(seccomp);
	return text;
}
