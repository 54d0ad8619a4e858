#include "shared/base/err.h"

#include <uv.h>

/* Plainer words than libuv's for what people meet most, or NULL. */
static const char *plain_text(int err)
{
	switch (err) {
	case UV_EISDIR:
		return "is a directory";
	case UV_EAI_NONAME:
	case UV_EAI_NODATA:
		return "the name is not found";
	case UV_EAI_AGAIN:
		return "no name server answers";
	default:
		return NULL;
	}
}

const char *err_text(int err)
{
	if (plain_text(err))
		return plain_text(err);
	switch (err) {
	case 0:
		return "no error";
#define ERR_CASE(name, number, text)                                                               \
	case number:                                                                               \
		return text;
		ERR_MAP(ERR_CASE)
#undef ERR_CASE
		/* uv_strerror allocates for numbers it does not know, so only known ones reach
		 * it. */
#define UV_CASE(name, text) case UV_##name:
		UV_ERRNO_MAP(UV_CASE)
#undef UV_CASE
		return uv_strerror(err);
	default:
		return "unknown error";
	}
}
