#include "shared/base/idn.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text > 0x7e)
			return false;
	return true;
}

#if GROUNDNUT_IDN

#include <idn2.h>

/* In words for people where the library speaks to its programmers. */
static const char *fault(int rc)
{
	switch (rc) {
	case IDN2_DISALLOWED:
	case IDN2_ALABEL_ROUNDTRIP_FAILED:
		return ": it holds a character that host names may not have";
	case IDN2_ENCODING_ERROR:
		return ": it is not UTF-8";
	case IDN2_PUNYCODE_BIG_OUTPUT:
	case IDN2_TOO_BIG_LABEL:
	case IDN2_TOO_BIG_DOMAIN:
		return ": it is too long";
	case IDN2_HYPHEN_STARTEND:
	case IDN2_2HYPHEN:
		return ": its hyphens stand where they may not";
	case IDN2_BIDI:
		return ": it mixes letters of both directions";
	default:
		return ": its letters do not go together in a host name";
	}
}

/* Mapped first, and what comes of it is looked at once more without mapping, as strictly as a
 * registry does: "_" stands in ASCII labels only. */
static int to_ascii(const char *name, char out[IDN_ASCII], const char **why)
{
	char *mapped = NULL, *again = NULL;
	int rc = idn2_to_ascii_8z(name, &mapped, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
	if (rc == IDN2_OK)
		rc = idn2_to_ascii_8z(mapped, &again, IDN2_NO_TR46 | IDN2_NFC_INPUT);
	if (rc == IDN2_OK && strlen(mapped) < IDN_ASCII)
		strcpy(out, mapped);
	else
		*why = rc == IDN2_OK ? "" : fault(rc);
	int err = rc == IDN2_OK && strlen(mapped) < IDN_ASCII ? 0 : ERR_SYNTAX;
	idn2_free(mapped);
	idn2_free(again);
	return err;
}

#else

static int to_ascii(const char *name, char out[IDN_ASCII], const char **why)
{
	(void)name;
	(void)out;
	*why = ": this build takes ASCII only, write it in its xn-- form";
	return ERR_SYNTAX;
}

#endif

int idn_ascii(const char *name, char out[IDN_ASCII], const char **why)
{
	size_t star = strncmp(name, "*.", 2) == 0 ? 2 : 0;
	*why = "";
	if (is_ascii(name))
		return snprintf(out, IDN_ASCII, "%s", name) < IDN_ASCII ? 0 : ERR_SYNTAX;
	char rest[IDN_ASCII];
	if (to_ascii(name + star, rest, why) < 0)
		return ERR_SYNTAX;
	return snprintf(out, IDN_ASCII, "%.*s%s", (int)star, name, rest) < IDN_ASCII ? 0
										     : ERR_SYNTAX;
}

int idn_host(const char *name, bool wildcard, char out[256], const char **why)
{
	char ascii[IDN_ASCII];
	int err = idn_ascii(name, ascii, why);
	return err ? err : text_host(ascii, wildcard, out);
}

int idn_full_host(const char *host, const char *domain, char out[256], const char **why)
{
	char ascii[IDN_ASCII];
	int err = idn_ascii(host, ascii, why);
	return err ? err : text_full_host(ascii, domain, out);
}

char *idn_as_typed(const char *full, const char *host, const char *typed)
{
	size_t len = host ? strlen(host) : 0;
	if (len && host[len - 1] == '.')
		len--;
	if (!full || !host || !typed || strncmp(full, host, len) != 0 ||
	    (full[len] && full[len] != '.'))
		return mem_strdup(full);
	size_t shown = strlen(typed);
	if (host[len] == '.' && typed[shown - 1] == '.')
		shown--;
	return mem_printf("%.*s%s", (int)shown, typed, full + len);
}
