/*
 * Any bytes from an agent that has been welcomed. They may end the link or the session, never more;
 * cut in two anywhere, they mean the same. The relay's side is kept busy: a stream of its own is
 * open, and what the tunnel has to say is taken from it.
 */
#include "shared/base/memory_budget.h"
#include "shared/tunnel/tunnel.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void on_stream(void *owner, enum stream_event event)
{
	struct stream *s = *(struct stream **)owner;
	if (event == STREAM_TURN)
		stream_idle(s);
	else if (event == STREAM_LOOK)
		stream_consume(s, stream_waiting(s));
}

static void on_news(void *owner, const struct tunnel_news *news)
{
	(void)owner;
	if (news->event == TUNNEL_OPENED)
		stream_close(news->stream);
}

static void speak(struct tunnel *t, uint64_t now_ms)
{
	struct iovec iov[8];
	int count;
	tunnel_fill(t, 16 * 1024, now_ms);
	while ((count = tunnel_peek(t, iov, 8)) > 0) {
		size_t n = 0;
		for (int i = 0; i < count; i++)
			n += iov[i].iov_len;
		tunnel_sent(t, n);
	}
}

/* Gives the bytes in two pieces; the answer to the whole. */
static int play(const uint8_t *data, size_t len, size_t cut)
{
	struct tunnel_config config = {
	    .first_id = 2, .accepts = 16, .send_budget = 1 << 20, .receive_budget = 1 << 20};
	struct tunnel *t = tunnel_new(&config, on_news, NULL);
	struct open_info info = {.mapping = 1, .visitor = {.family = 4}, .visited = {.family = 4}};
	struct stream *s = NULL;
	tunnel_attach(t, 0, 1 << 20, 1);
	s = stream_open(t, &info, on_stream, &s);
	speak(t, 2);
	int err = tunnel_input(t, data, cut, 3);
	if (!err) /* nothing is said in between: it would make other ACKs right */
		err = tunnel_input(t, data + cut, len - cut, 5);
	if (!err)
		speak(t, 1000);
	tunnel_detach(t);
	if (tunnel_attach(t, 0, 1 << 20, 2000) == 0)
		speak(t, 2001);
	tunnel_detach(t);
	tunnel_free(t);
	stream_close(s);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1)
		return 0;
	size_t cut = (data[0] * (len - 1)) / 255;
	int whole = play(data + 1, len - 1, len - 1), parts = play(data + 1, len - 1, cut);
	assert((whole == 0) == (parts == 0));
	return 0;
}
