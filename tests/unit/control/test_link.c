/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The wire client against a peer that answers wrongly. The other end is a
 * thread that takes one request and does what the row says.
 */
#define _GNU_SOURCE
#include "link.h"
#include "tmpdir.h"
#include "dataplane/wire/carry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* Of an answer that comes, whenever the machine lets it; and of one that never does. */
#define TIMEOUT_MS 60000
#define SILENT_MS 50

enum answer { GOOD, WITH_FD, SHORT, LONG, WRONG_TYPE, WRONG_VERSION, ERROR, CLOSE, SILENT };

struct server {
	char dir[256];
	int listener, quit[2];
	enum answer answer;
	struct damp_wire_request got;
	bool got_fd;
	pthread_t thread;
};

static void send_reply(int fd, const struct server *s)
{
	struct { struct damp_wire_reply reply; char more; } m = {
		.reply = { .version = DAMP_WIRE_VERSION, .type = s->got.type, .generation = 42 } };
	size_t len = sizeof(m.reply);
	int payload = -1;

	memset(m.reply.name, 'n', sizeof(m.reply.name)); /* not terminated: the client must do it */
	if (s->answer == SHORT)
		len--;
	if (s->answer == LONG)
		len++;
	if (s->answer == WRONG_TYPE)
		m.reply.type++;
	if (s->answer == WRONG_VERSION)
		m.reply.version++;
	if (s->answer == ERROR)
		m.reply.error = EINVAL;
	if (s->answer == WITH_FD)
		payload = open("/dev/null", O_RDONLY | O_CLOEXEC);
	damp_carry_send(fd, &m, len, payload, 0);
	if (payload >= 0)
		close(payload);
}

static void *serve(void *arg)
{
	struct server *s = arg;
	int fd = accept(s->listener, NULL, NULL), sent = -1;
	char c;

	if (damp_carry_receive(fd, &s->got, sizeof(s->got), &sent, 0) == sizeof(s->got)) {
		s->got_fd = sent >= 0;
		if (s->got_fd)
			close(sent);
		if (s->answer != CLOSE && s->answer != SILENT)
			send_reply(fd, s);
		if (s->answer == SILENT &&
		    read(s->quit[0], &c, 1) < 0) /* until the test has seen the timeout */
			perror("read");
	}
	close(fd);
	return NULL;
}

static void start(struct server *s, enum answer answer)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	memset(s, 0, sizeof(*s));
	s->answer = answer;
	tmpdir_make(s->dir, sizeof(s->dir));
	snprintf(a.sun_path, sizeof(a.sun_path), "%.80s/%s", s->dir, DAMP_WIRE_SOCKET);
	s->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(s->listener, 1), 0);
	assert_int_equal(pipe(s->quit), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(struct server *s)
{
	close(s->quit[1]);
	pthread_join(s->thread, NULL);
	close(s->quit[0]);
	close(s->listener);
	tmpdir_remove(s->dir);
}

static void test_answers(void **state)
{
	static const struct {
		const char *name;
		enum answer answer;
		int result;
	} row[] = {
		{ "good", GOOD, 0 },
		{ "an error in the reply is for the caller", ERROR, 0 },
		{ "with a descriptor that nobody wants", WITH_FD, 0 },
		{ "short", SHORT, -EPROTO },
		{ "long", LONG, -EPROTO },
		{ "of another request", WRONG_TYPE, -EPROTO },
		{ "of another version", WRONG_VERSION, -EPROTO },
		{ "end of file", CLOSE, -ENOTCONN },
		{ "none", SILENT, -ETIMEDOUT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct damp_wire_reply reply;
		struct server s;
		struct damp_link *l;
		const int timeout = row[i].answer == SILENT ? SILENT_MS : TIMEOUT_MS;
		int result;

		start(&s, row[i].answer);
		l = damp_link_new(s.dir, timeout, timeout);
		assert_int_equal(damp_link_connect(l), 0);
		result = damp_link_call(l, DAMP_WIRE_BYPASS, 600, -1, &reply, NULL);
		if (result != row[i].result)
			fail_msg("%s: %d", row[i].name, result);
		/* A connection that failed once is not used again. */
		if (result < 0)
			assert_int_equal(damp_link_call(l, DAMP_WIRE_HELLO, 0, -1, &reply, NULL),
					 -ENOTCONN);
		else
			assert_int_equal(reply.name[sizeof(reply.name) - 1], '\0');
		damp_link_free(l);
		stop(&s);
		assert_int_equal(s.got.type, DAMP_WIRE_BYPASS);
		assert_int_equal(s.got.version, DAMP_WIRE_VERSION);
		assert_int_equal(s.got.arg, 600);
	}
}

static void test_descriptors(void **state)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), fd = -1;
	struct damp_wire_reply reply;
	struct damp_link *l;
	struct server s;

	(void)state;
	start(&s, WITH_FD);
	l = damp_link_new(s.dir, TIMEOUT_MS, TIMEOUT_MS);
	assert_int_equal(damp_link_connect(l), 0);
	assert_int_equal(damp_link_call(l, DAMP_WIRE_LOAD, 0, null, &reply, &fd), 0);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(reply.generation, 42);
	close(fd);
	close(null);
	damp_link_free(l);
	stop(&s);
	assert_true(s.got_fd);
}

static void test_nobody(void **state)
{
	struct damp_wire_reply reply;
	char dir[256], deep[200];
	struct damp_link *l;

	(void)state;
	tmpdir_make(dir, sizeof(dir));
	l = damp_link_new(dir, TIMEOUT_MS, TIMEOUT_MS);
	assert_int_equal(damp_link_call(l, DAMP_WIRE_HELLO, 0, -1, &reply, NULL), -ENOTCONN);
	assert_int_equal(damp_link_connect(l), -ENOENT);
	assert_int_equal(damp_link_fd(l), -1);
	damp_link_free(l);
	tmpdir_remove(dir);
	memset(deep, 'x', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	assert_null(damp_link_new(deep, TIMEOUT_MS, TIMEOUT_MS));
}

static void test_stop_wakes(void **state)
{
	struct damp_wire_reply reply;
	struct damp_link *l;
	struct server s;

	(void)state;
	start(&s, SILENT);
	l = damp_link_new(s.dir, TIMEOUT_MS, TIMEOUT_MS);
	assert_int_equal(damp_link_connect(l), 0);
	damp_link_stop(l);
	assert_int_equal(damp_link_call(l, DAMP_WIRE_HELLO, 0, -1, &reply, NULL), -ENOTCONN);
	damp_link_free(l);
	stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_stop_wakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
