#include "shared/tunnel/frame.h"

#include "shared/base/err.h"
#include "shared/base/wire.h"

static const struct {
	const char *name;
	uint32_t least, most;
} kinds[256] = {
#define FRAME_ROW(name, number, least, most) [number] = {#name, least, most},
    FRAME_MAP(FRAME_ROW)
#undef FRAME_ROW
};

void frame_write(uint8_t out[FRAME_HEADER], uint32_t stream, uint8_t kind, uint32_t len)
{
	struct wire w = wire_into(out, FRAME_HEADER);
	wire_put_u32(&w, stream);
	wire_put_u32(&w, (uint32_t)kind << 24 | len);
}

bool frame_is_known(uint8_t kind)
{
	return kinds[kind].name != NULL;
}

int frame_read(const uint8_t in[FRAME_HEADER], struct frame *out)
{
	struct wire w = wire_over(in, FRAME_HEADER);
	out->stream = wire_get_u32(&w);
	uint32_t rest = wire_get_u32(&w);
	out->kind = (uint8_t)(rest >> 24);
	out->len = rest & 0xffffff;
	if (!frame_is_known(out->kind) && out->kind >= FRAME_LINK_LATER)
		return out->len <= FRAME_UNKNOWN_MAX ? 0 : ERR_TOO_BIG;
	if (!frame_is_known(out->kind))
		return ERR_PROTOCOL;
	if (out->len < kinds[out->kind].least || out->len > kinds[out->kind].most)
		return ERR_TOO_BIG;
	return 0;
}

const char *frame_kind_text(uint8_t kind)
{
	if (!frame_is_known(kind))
		return kind >= FRAME_LINK_LATER ? "later" : "unknown";
	return kinds[kind].name;
}

static void put_addr(struct wire *w, const struct addr *a)
{
	wire_put_u8(w, a->family == 6 ? 6 : 4);
	wire_put_bytes(w, a->ip, a->family == 6 ? 16 : 4);
	wire_put_u16(w, a->port);
}

static bool get_addr(struct wire *w, struct addr *a)
{
	*a = (struct addr){.family = wire_get_u8(w)};
	if (a->family != 4 && a->family != 6)
		return false;
	wire_get_bytes(w, a->ip, a->family == 6 ? 16 : 4);
	a->port = wire_get_u16(w);
	return wire_ok(w);
}

size_t open_write(uint8_t out[FRAME_OPEN_MAX], const struct open_info *o)
{
	struct wire w = wire_into(out, FRAME_OPEN_MAX);
	wire_put_u32(&w, o->mapping);
	wire_put_u32(&w, o->credit);
	put_addr(&w, &o->visitor);
	put_addr(&w, &o->visited);
	wire_put_bytes(&w, o->name, o->name_len);
	return FRAME_OPEN_MAX - w.left;
}

static bool is_printable(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	return true;
}

int open_read(const uint8_t *p, size_t len, struct open_info *o)
{
	struct wire w = wire_over(p, len);
	o->mapping = wire_get_u32(&w);
	o->credit = wire_get_u32(&w);
	bool ok = get_addr(&w, &o->visitor) && get_addr(&w, &o->visited);
	o->name_len = w.left;
	o->name = (const char *)wire_skip(&w, w.left);
	return ok && wire_ok(&w) && o->name_len <= FRAME_NAME_MAX &&
		       is_printable(o->name, o->name_len)
		   ? 0
		   : ERR_PROTOCOL;
}

const char *reset_text(uint32_t code)
{
	static const char *const texts[] = {
#define RESET_ROW(name, number, text) [number] = text,
	    RESET_MAP(RESET_ROW)
#undef RESET_ROW
	};
	return code < sizeof texts / sizeof *texts ? texts[code] : "reset for an unknown reason";
}
