#include "tests/unit/shared/net/pair.h"

#include "shared/net/control_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* The serving loop runs on a thread of its own, since asking blocks. */
struct served {
	struct loop *loop;
	struct control *control;
	struct control_reply *late; /* kept to be answered later */
	struct timer *timer;
	int asked;
	char last[128];
};

static char dir[64], path[96];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/groundnut-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/run/relay.sock", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char run[80];

	(void)state;
	snprintf(run, sizeof(run), "%s/run", dir);
	unlink(path);
	rmdir(run);
	return rmdir(dir);
}

static void answer(struct control_reply *reply, const char *text)
{
	struct buf json = BUF_INIT;

	buf_puts(&json, text);
	control_answer(reply, &json);
	buf_fini(&json);
}

static void on_late(void *owner)
{
	struct served *s = owner;

	answer(s->late, "{\"ok\":\"late\"}");
	s->late = NULL;
}

static void on_ask(void *owner, struct control_reply *reply, const char *request, size_t len)
{
	struct served *s = owner;

	s->asked++;
	assert_int_equal(strlen(request), len);
	snprintf(s->last, sizeof(s->last), "%s", request);
	if (strcmp(request, "late") == 0) {
		s->late = reply;
		timer_set(s->timer, 20);
	} else if (strcmp(request, "never") == 0) {
		s->late = reply;
	} else {
		answer(reply, "{\"ok\":true}");
	}
}

static void serve(struct served *s)
{
	int err;

	memset(s, 0, sizeof(*s));
	s->loop = loop_new("served");
	s->control = control_open(s->loop, path, on_ask, s, &err);
	assert_int_equal(err, 0);
	assert_non_null(s->control);
	s->timer = timer_new(s->loop, on_late, s);
	assert_int_equal(loop_start(s->loop), 0);
}

static void on_stop(void *arg)
{
	struct served *s = arg;

	control_close(s->control);
	if (s->late)
		answer(s->late, "nobody hears this");
	timer_close(s->timer);
	loop_stop(s->loop);
}

static void stop(struct served *s)
{
	assert_true(loop_post(s->loop, on_stop, s));
	assert_int_equal(loop_join(s->loop), 0);
	assert_int_equal(loop_free(s->loop), 0);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void question_and_answer(void **state)
{
	struct served s;
	struct stat st;
	char *text;
	size_t len;

	(void)state;
	serve(&s);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(control_ask(path, "{\"do\": \"status\"}", 5000, &text, &len), 0);
	assert_string_equal(text, "{\"ok\":true}");
	assert_int_equal(len, strlen(text));
	mem_free(text);
	stop(&s);
	assert_string_equal(s.last, "{\"do\": \"status\"}");
}

static void late_answer(void **state)
{
	struct served s;
	char *text;
	size_t len;

	(void)state;
	serve(&s);
	assert_int_equal(control_ask(path, "late", 5000, &text, &len), 0);
	assert_string_equal(text, "{\"ok\":\"late\"}");
	mem_free(text);
	stop(&s);
}

static void asker_gone_before_the_answer(void **state)
{
	struct served s;
	char *text;
	size_t len;

	(void)state;
	serve(&s);
	assert_int_equal(control_ask(path, "never", 50, &text, &len), UV_ETIMEDOUT);
	assert_null(text);
	stop(&s);
	assert_int_equal(s.asked, 1);
}

static void nothing_runs(void **state)
{
	char *text;
	size_t len;

	(void)state;
	assert_int_equal(control_ask(path, "x", 1000, &text, &len), UV_ENOENT);
}

static int bind_only(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(at.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void stale_socket_is_replaced(void **state)
{
	struct served s;
	char *text;
	size_t len;

	(void)state;
	close(bind_only()); /* as after kill -9 */
	assert_int_equal(control_ask(path, "x", 1000, &text, &len), UV_ECONNREFUSED);
	serve(&s);
	assert_int_equal(control_ask(path, "x", 5000, &text, &len), 0);
	mem_free(text);
	stop(&s);
}

static void a_file_is_never_taken_for_a_stale_socket(void **state)
{
	struct loop *l = loop_new("test");
	int err = 0;

	(void)state;
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs("{}", f);
	fclose(f);
	assert_null(control_open(l, path, on_ask, NULL, &err));
	assert_int_equal(err, UV_EEXIST);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	assert_int_equal(loop_free(l), 0);
}

static void live_socket_is_left_alone(void **state)
{
	struct served s;
	struct loop *l = loop_new("second");
	char *text;
	size_t len;
	int err;

	(void)state;
	serve(&s);
	assert_null(control_open(l, path, on_ask, NULL, &err));
	assert_int_equal(err, UV_EADDRINUSE);
	assert_int_equal(loop_free(l), 0);
	assert_int_equal(control_ask(path, "x", 5000, &text, &len), 0);
	mem_free(text);
	stop(&s);
}

static void path_too_long(void **state)
{
	struct loop *l = loop_new("test");
	char name[300];
	int err;

	(void)state;
	memset(name, 'x', sizeof(name));
	memcpy(name, "/tmp/", 5);
	name[sizeof(name) - 1] = '\0';
	assert_null(control_open(l, name, on_ask, NULL, &err));
	assert_int_equal(err, UV_ENAMETOOLONG);
	assert_int_equal(loop_free(l), 0);
}

static int connect_raw(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(at.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void endless_line_is_cut_off(void **state)
{
	struct served s;
	char block[4096], c;
	ssize_t n = 1;
	int fd;

	(void)state;
	serve(&s);
	memset(block, 'x', sizeof(block));
	fd = connect_raw();
	for (int i = 0; i < 1000 && n > 0; i++)
		n = send(fd, block, sizeof(block), MSG_NOSIGNAL);
	assert_true(n < 0 || recv(fd, &c, 1, 0) <= 0);
	close(fd);
	stop(&s);
	assert_int_equal(s.asked, 0);
}

static void question_byte_by_byte_with_half_close(void **state)
{
	const char *question = "{\"do\":\"x\"}\nignored";
	struct served s;
	char text[64] = "";
	size_t got = 0;
	ssize_t n;
	int fd;

	(void)state;
	serve(&s);
	fd = connect_raw();
	for (const char *c = question; *c; c++)
		assert_true(send(fd, c, 1, MSG_NOSIGNAL) == 1 || c > strchr(question, '\n'));
	shutdown(fd, SHUT_WR);
	while ((n = recv(fd, text + got, sizeof(text) - 1 - got, 0)) > 0)
		got += (size_t)n;
	assert_string_equal(text, "{\"ok\":true}\n");
	close(fd);
	stop(&s);
	assert_int_equal(s.asked, 1);
	assert_string_equal(s.last, "{\"do\":\"x\"}");
}

static void silent_asker_does_not_hold_the_end(void **state)
{
	struct served s;
	char c;
	int fd;

	(void)state;
	serve(&s);
	fd = connect_raw();
	stop(&s);
	assert_true(recv(fd, &c, 1, 0) <= 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(question_and_answer),
	    cmocka_unit_test(late_answer),
	    cmocka_unit_test(asker_gone_before_the_answer),
	    cmocka_unit_test(nothing_runs),
	    cmocka_unit_test(stale_socket_is_replaced),
	    cmocka_unit_test(a_file_is_never_taken_for_a_stale_socket),
	    cmocka_unit_test(live_socket_is_left_alone),
	    cmocka_unit_test(path_too_long),
	    cmocka_unit_test(endless_line_is_cut_off),
	    cmocka_unit_test(question_byte_by_byte_with_half_close),
	    cmocka_unit_test(silent_asker_does_not_hold_the_end),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
