#include "shared/base/err.h"

#include <uv.h>

const char *err_text(int err)
{
	switch (err) {
	case 0:
		return "no error";
#define ERR_CASE(name, number, text)                                                                         \
	case number:                                                                                         \
		return text;
		ERR_MAP(ERR_CASE)
#undef ERR_CASE
		/* uv_strerror allocates for numbers it does not know, so only known ones reach it. */
#define UV_CASE(name, text) case UV_##name:
		UV_ERRNO_MAP(UV_CASE)
#undef UV_CASE
		return uv_strerror(err);
	default:
		return "unknown error";
	}
}
