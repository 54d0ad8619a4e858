#include "shared/acme/acme_challenge.h"

#include "shared/acme/certificate.h"
#include "shared/acme/jws.h"
#include "shared/base/addr.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

static const char *const texts[] = {
    [ACME_TLS_ALPN_01] = "tls-alpn-01", [ACME_DNS_01] = "dns-01", [ACME_HTTP_01] = "http-01"};

const char *acme_challenge_text(enum acme_challenge challenge)
{
	return texts[challenge];
}

int acme_challenge_parse(const char *text, enum acme_challenge *out)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(text, texts[i]) == 0) {
			*out = (enum acme_challenge)i;
			return 0;
		}
	}
	return ERR_SYNTAX;
}

void acme_challenge_fill(struct acme_wish *w, const struct p256 *account)
{
	char thumbprint[JWS_THUMBPRINT];
	jws_thumbprint(account, thumbprint);
	int len = snprintf(w->value, sizeof(w->value), "%s.%s", w->token, thumbprint);
	SHA256((const uint8_t *)w->value, (size_t)len, w->digest);
	if (w->challenge == ACME_DNS_01)
		text_base64url(w->digest, sizeof(w->digest), w->value);
}

void acme_challenge_sni(const char *name, char out[256])
{
	struct addr a;
	size_t at = 0;
	if (addr_parse_ip(name, &a) != 0) {
		snprintf(out, 256, "%s", name);
	} else if (a.family == 4) {
		snprintf(out, 256, "%u.%u.%u.%u.in-addr.arpa", a.ip[3], a.ip[2], a.ip[1], a.ip[0]);
	} else {
		for (unsigned i = 16; i-- > 0; at += 4)
			snprintf(out + at, 5, "%x.%x.", a.ip[i] & 15, a.ip[i] >> 4);
		snprintf(out + at, 256 - at, "ip6.arpa");
	}
}

void acme_challenge_certificate(const char *name, const uint8_t digest[ACME_DIGEST],
				char **certificate, char **key)
{
	struct p256 k;
	p256_new(&k);
	*certificate = certificate_self_signed(&k, &name, 1, digest);
	*key = p256_text(&k);
	mem_wipe(&k, sizeof(k));
}
