/*
 * Each function stands alone. The ones that read return 0 or a negative error and never accept a
 * part of the text; the ones that write fit their result into the room that the header names.
 */
#include "shared/base/text.h"

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { WORD_MAX = 63 }; /* longer words get no suggestion */

void text_hex(const void *p, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *from = p;
	for (size_t i = 0; i < len; i++) {
		*out++ = digits[from[i] >> 4];
		*out++ = digits[from[i] & 15];
	}
	*out = 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int text_unhex(const char *hex, void *out, size_t len)
{
	uint8_t *to = out;
	if (strlen(hex) != 2 * len)
		return ERR_SYNTAX;
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return ERR_SYNTAX;
		to[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void text_base64url(const void *p, size_t len, char *out)
{
	const uint8_t *from = p;
	for (; len; from += 3) {
		size_t n = len < 3 ? len : 3;
		uint32_t bits = (uint32_t)from[0] << 16;
		if (n > 1)
			bits |= (uint32_t)from[1] << 8;
		if (n > 2)
			bits |= from[2];
		for (size_t i = 0; i <= n; i++)
			*out++ = base64url_digits[bits >> (18 - 6 * i) & 63];
		len -= n;
	}
	*out = 0;
}

static int base64_digit(char c, char c62, char c63)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == c62 ? 62 : c == c63 ? 63 : -1;
}

/* Digits only; bits that belong to no byte must be zero, so that no two texts mean the same
 * bytes. */
static int decode_base64(const char *text, size_t text_len, char c62, char c63, uint8_t *out,
			 size_t cap, size_t *len)
{
	uint32_t bits = 0;
	unsigned held = 0;
	*len = 0;
	if (text_len % 4 == 1)
		return ERR_SYNTAX;
	for (size_t i = 0; i < text_len; i++) {
		int digit = base64_digit(text[i], c62, c63);
		if (digit < 0)
			return ERR_SYNTAX;
		bits = (bits << 6 | (uint32_t)digit) & 0xffff;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		if (*len == cap)
			return ERR_TOO_BIG;
		out[(*len)++] = (uint8_t)(bits >> held);
	}
	return bits & ((1u << held) - 1) ? ERR_SYNTAX : 0;
}

int text_unbase64url(const char *text, void *out, size_t cap, size_t *len)
{
	return decode_base64(text, strlen(text), '-', '_', out, cap, len);
}

int text_unbase64(const char *text, size_t text_len, void *out, size_t cap, size_t *len)
{
	*len = 0;
	if (text_len && text[text_len - 1] == '=') {
		if (text_len % 4)
			return ERR_SYNTAX;
		text_len -= text[text_len - 2] == '=' ? 2 : 1;
	}
	return decode_base64(text, text_len, '+', '/', out, cap, len);
}

const char *text_time(uint64_t unix_ms, char out[32])
{
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm tm;
	if (!gmtime_r(&seconds, &tm) || !strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(out, 32, "1970-01-01T00:00:00Z");
	return out;
}

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;
	return least < c ? least : c;
}

/* The edit distance: insertions, deletions, replacements and swaps of neighbours count one each;
 * upper and lower case are the same. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][WORD_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];
	for (unsigned j = 0; j <= b_len; j++)
		last[j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		row[0] = i;
		for (unsigned j = 1; j <= b_len; j++) {
			int x = tolower((unsigned char)a[i - 1]),
			    y = tolower((unsigned char)b[j - 1]);
			row[j] = smallest(row[j - 1] + 1, last[j] + 1, last[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]) && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		unsigned *spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[b_len];
}

/* "port" in "public_port". */
static bool is_part(const char *part, size_t len, const char *word)
{
	for (const char *p = word; *p; p++) {
		bool begins = p == word || p[-1] == '_';
		if (begins && strncasecmp(p, part, len) == 0 && (p[len] == 0 || p[len] == '_'))
			return true;
	}
	return false;
}

const char *text_nearest(const char *word, const char *const *words)
{
	size_t len = strlen(word);
	const char *nearest = NULL;
	if (!len || len > WORD_MAX)
		return NULL;
	unsigned least = (len < 4 ? 1 : len < 8 ? 2 : 3) + 1;
	for (; *words; words++) {
		size_t other = strlen(*words);
		if (other > WORD_MAX)
			continue;
		unsigned d = distance(word, len, *words, other);
		if (d > 1 && len > 2 && is_part(word, len, *words))
			d = 1;
		if (d < least && d < len) {
			least = d;
			nearest = *words;
		}
	}
	return nearest;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_label(const char *s, size_t len)
{
	if (len < 1 || len > 63 || s[0] == '-' || s[len - 1] == '-')
		return false;
	if (s[0] == '_' && len == 1)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(s[i]) && s[i] != '-' && s[i] != '_')
			return false;
	return true;
}

int text_host(const char *name, bool wildcard, char out[256])
{
	size_t len = strlen(name), at = 0;
	if (len && name[len - 1] == '.')
		len--;
	if (len < 1 || len > 253)
		return ERR_SYNTAX;
	if (wildcard && len > 2 && name[0] == '*' && name[1] == '.')
		at = 2;
	while (at <= len) {
		const char *dot = memchr(name + at, '.', len - at);
		size_t end = dot ? (size_t)(dot - name) : len;
		if (!is_label(name + at, end - at))
			return ERR_SYNTAX;
		at = end + 1;
	}
	for (size_t i = 0; i < len; i++)
		out[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
	out[len] = 0;
	return 0;
}

bool text_host_covers(const char *pattern, const char *name)
{
	if (strncmp(pattern, "*.", 2) != 0)
		return strcmp(pattern, name) == 0;
	const char *dot = strchr(name, '.');
	return dot && dot != name && strcmp(pattern + 1, dot) == 0;
}

bool text_is_in(const char *name, const char *domain)
{
	size_t len = strlen(name), tail = strlen(domain);
	return len >= tail && strcmp(name + len - tail, domain) == 0 &&
	       (len == tail || name[len - tail - 1] == '.');
}

int text_full_host(const char *host, const char *domain, char out[256])
{
	char clean[256];
	size_t len = strlen(host), tail = strlen(domain);
	bool final = len > 0 && host[len - 1] == '.';
	if (text_host(host, true, clean) != 0)
		return ERR_SYNTAX;
	len = strlen(clean);
	if (final || text_is_in(clean, domain))
		memcpy(out, clean, len + 1);
	else if (len + 1 + tail > 253)
		return ERR_SYNTAX;
	else
		snprintf(out, 256, "%.*s.%.*s", (int)len, clean, (int)(254 - len), domain);
	return 0;
}

bool text_is_name(const char *name)
{
	size_t len = strlen(name);
	if (len < 1 || len > 63 || name[0] == '.' || name[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(name[i]) && !strchr("._-", name[i]))
			return false;
	return true;
}

int text_uint(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;
	bool over = false;
	if (!*text)
		return ERR_SYNTAX;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return ERR_SYNTAX;
		over = over || __builtin_mul_overflow(n, 10, &n) ||
		       __builtin_add_overflow(n, (uint64_t)(*text - '0'), &n);
	}
	if (over || n > max)
		return ERR_RANGE;
	*out = n;
	return 0;
}

static uint64_t bandwidth_unit(char c)
{
	switch (c) {
	case 0:
		return 1;
	case 'k':
	case 'K':
		return 1000;
	case 'm':
	case 'M':
		return 1000 * 1000;
	case 'g':
	case 'G':
		return 1000 * 1000 * 1000;
	case 't':
	case 'T':
		return (uint64_t)1000 * 1000 * 1000 * 1000;
	default:
		return 0;
	}
}

int text_bandwidth(const char *text, uint64_t *bits)
{
	char digits[24];
	size_t whole = strspn(text, "0123456789"), fraction = 0;
	const char *p = text + whole;
	uint64_t n, part = 0, scale = 1;
	if (whole < 1 || whole >= sizeof(digits))
		return ERR_SYNTAX;
	memcpy(digits, text, whole);
	digits[whole] = 0;
	if (*p == '.') {
		fraction = strspn(++p, "0123456789");
		if (fraction < 1 || fraction > 9 || !p[fraction])
			return ERR_SYNTAX;
	}
	for (size_t i = 0; i < fraction; i++, p++, scale *= 10)
		part = part * 10 + (uint64_t)(*p - '0');
	uint64_t unit = bandwidth_unit(*p);
	if (!unit || (*p && p[1]) || text_uint(digits, UINT64_MAX / unit - 1, &n) < 0)
		return ERR_SYNTAX;
	n = n * unit + part * unit / scale;
	if (!n)
		return ERR_SYNTAX;
	*bits = n;
	return 0;
}

bool text_same(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

char **text_list_copy(char *const *list)
{
	size_t count = 0;
	if (!list)
		return NULL;
	while (list[count])
		count++;
	char **out = mem_zalloc((count + 1) * sizeof(*out));
	for (size_t i = 0; i < count; i++)
		out[i] = mem_strdup(list[i]);
	return out;
}

void text_list_free(char **list)
{
	for (char **p = list; p && *p; p++)
		mem_free(*p);
	mem_free(list);
}

bool text_list_same(char *const *a, char *const *b)
{
	if (!a || !b)
		return a == b;
	while (*a && *b && !strcmp(*a, *b)) {
		a++;
		b++;
	}
	return !*a && !*b;
}

const char *text_bytes(uint64_t n, char out[32])
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB"};
	double x = (double)n;
	int unit = -1;
	for (; x >= 999.5 && unit < 4; unit++)
		x /= 1000;
	if (unit < 0)
		snprintf(out, 32, "%" PRIu64, n);
	else
		snprintf(out, 32, x < 9.95 ? "%.1f %s" : "%.0f %s", x, units[unit]);
	return out;
}

const char *text_duration(uint64_t s, char out[32])
{
	enum { MIN = 60, HOUR = 3600, DAY = 86400 };
	if (s >= DAY)
		snprintf(out, 32, "%" PRIu64 " d %" PRIu64 " h", s / DAY, s % DAY / HOUR);
	else if (s >= HOUR)
		snprintf(out, 32, "%" PRIu64 " h %" PRIu64 " min", s / HOUR, s % HOUR / MIN);
	else if (s >= MIN)
		snprintf(out, 32, "%" PRIu64 " min", s / MIN);
	else
		snprintf(out, 32, "%" PRIu64 " s", s);
	return out;
}

/* Of a control character of several bytes, those behind the first: C1, and what ends a line or
 * turns the direction of writing (U+2028 to U+202E, U+2066 to U+2069). Else 0. */
static size_t controls_behind(const unsigned char *p)
{
	if (p[0] == 0xc2)
		return p[1] >= 0x80 && p[1] < 0xa0;
	bool turns = p[0] == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae) ||
				      (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
	return turns ? 2 : 0;
}

char *text_harmless(const char *text)
{
	char *copy = mem_strdup(text), *to = copy;
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		size_t more = controls_behind(p);
		*to++ = (char)(more || *p < 0x20 || *p == 0x7f ? '?' : *p);
		p += more;
	}
	*to = '\0';
	return copy;
}

static bool is_wide(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} wide[] = {
	    {0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},
	    {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
	};
	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++)
		if (c >= wide[i].first && c <= wide[i].last)
			return true;
	return false;
}

size_t text_character(const char *text, size_t *bytes)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t c = *p < 0xc0 ? *p : *p < 0xe0 ? *p & 0x1f : *p < 0xf0 ? *p & 0x0f : *p & 0x07;
	for (*bytes = 1; (p[*bytes] & 0xc0) == 0x80; ++*bytes)
		c = c << 6 | (p[*bytes] & 0x3f);
	return is_wide(c) ? 2 : 1;
}

size_t text_width(const char *text)
{
	size_t width = 0, bytes;
	for (; *text; text += bytes)
		width += text_character(text, &bytes);
	return width;
}

const char *text_fit(const char *text, char *out, size_t cap)
{
	size_t len = strnlen(text, cap);
	if (len == cap)
		for (len--; len && ((unsigned char)text[len] & 0xc0) == 0x80;)
			len--;
	memcpy(out, text, len);
	out[len] = '\0';
	return out;
}

char *text_shell(const char *text)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-+=:,@%";
	if (*text && !text[strspn(text, plain)])
		return mem_strdup(text);
	struct buf out = BUF_INIT;
	buf_puts(&out, "'");
	for (; *text; text++) {
		if (*text == '\'')
			buf_puts(&out, "'\\''");
		else
			buf_put(&out, text, 1);
	}
	buf_puts(&out, "'");
	char *quoted = mem_strdup(buf_str(&out));
	buf_fini(&out);
	return quoted;
}
