#include "shared/net/build_info.h"

#include "shared/base/mem.h"

#include <http_parser.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <uv.h>

#ifdef GROUNDNUT_COMMIT
#define COMMIT_LINE "commit " GROUNDNUT_COMMIT "\n"
#else
#define COMMIT_LINE ""
#endif

char *build_info_text(const char *more)
{
	unsigned long parser = http_parser_version();
	return mem_printf(COMMIT_LINE
			  "libuv %s, OpenSSL %s, jansson %s, http-parser %lu.%lu.%lu%s%s\n",
			  uv_version_string(), OpenSSL_version(OPENSSL_VERSION_STRING),
			  jansson_version_str(), parser >> 16 & 255, parser >> 8 & 255,
			  parser & 255, more ? ", " : "", more ? more : "");
}
