/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptors beside datagrams, from a sender that sends what carry.h does not:
 * none, two, forty, two groups of them, one in which the kernel has no room.
 * After each, as many descriptors are open as before.
 */
#include "dataplane/wire/carry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define FDS_MAX 40u

static unsigned open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void make_pair(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

static void close_pair(const int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

/* As no sender of ours does it: groups messages of n copies of fd each. */
static void send_raw(int sock, const char *text, size_t len, int fd, unsigned n, unsigned groups)
{
	_Alignas(struct cmsghdr) char beside[2 * CMSG_SPACE(FDS_MAX * sizeof(int))] = { 0 };
	struct iovec iov = { (void *)(uintptr_t)text, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = beside,
			    .msg_controllen = groups * CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	for (unsigned g = 0; g < groups; g++, h = CMSG_NXTHDR(&m, h)) {
		*h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(n * sizeof(int)),
				       .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
		for (unsigned i = 0; i < n; i++)
			memcpy(CMSG_DATA(h) + i * sizeof(int), &fd, sizeof(fd));
	}
	assert_int_equal(sendmsg(sock, &m, MSG_NOSIGNAL), len);
}

static void test_one_goes_along(void **state)
{
	const int null = open("/dev/null", O_RDONLY); /* not close-on-exec: it must be so here */
	char buf[8];
	int pair[2], fd = -1;

	(void)state;
	make_pair(pair);
	assert_int_equal(damp_carry_send(pair[0], "program", 7, null, 0), 0);
	assert_int_equal(damp_carry_receive(pair[1], buf, sizeof(buf), &fd, 0), 7);
	assert_memory_equal(buf, "program", 7);
	assert_true(fd >= 0);
	assert_true(fd != null);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fcntl(null, F_GETFD), 0); /* still ours */
	close(fd);
	close(null);
	close_pair(pair);
}

static void test_none(void **state)
{
	char buf[8];
	int pair[2], fd = 99;

	(void)state;
	make_pair(pair);
	assert_int_equal(damp_carry_send(pair[0], "hello", 5, -1, 0), 0);
	assert_int_equal(damp_carry_receive(pair[1], buf, sizeof(buf), &fd, 0), 5);
	assert_int_equal(fd, -1);
	close_pair(pair);
}

static void test_too_many(void **state)
{
	static const struct { const char *name; unsigned n, groups; } row[] = {
		{ "two: both fit where one does", 2, 1 },
		{ "three: the kernel cuts the third off", 3, 1 },
		{ "forty", FDS_MAX, 1 },
		{ "one and one", 1, 2 },
	};
	char buf[8];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		int pair[2], fd = 99;
		unsigned before;
		ssize_t got;

		make_pair(pair);
		before = open_fds();
		send_raw(pair[0], "x", 1, null, row[i].n, row[i].groups);
		got = damp_carry_receive(pair[1], buf, sizeof(buf), &fd, 0);
		if (got != -EPROTO || fd != -1)
			fail_msg("%s: %zd, descriptor %d", row[i].name, got, fd);
		if (open_fds() != before)
			fail_msg("%s: %d descriptors stayed open", row[i].name, (int)(open_fds() - before));
		/* The connection is as good as before. */
		assert_int_equal(damp_carry_send(pair[0], "y", 1, null, 0), 0);
		assert_int_equal(damp_carry_receive(pair[1], buf, sizeof(buf), &fd, 0), 1);
		close(fd);
		close(null);
		close_pair(pair);
	}
}

static void test_lengths(void **state)
{
	static const struct { size_t sent, room; } row[] = { { 1, 8 }, { 7, 8 }, { 8, 8 }, { 9, 8 }, { 64, 8 } };
	const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char text[64], buf[16];

	(void)state;
	memset(text, 't', sizeof(text));
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		int pair[2], fd = -1;

		make_pair(pair);
		memset(buf, '.', sizeof(buf));
		send_raw(pair[0], text, row[i].sent, null, 1, 1);
		assert_int_equal(damp_carry_receive(pair[1], buf, row[i].room, &fd, 0), row[i].sent);
		assert_true(fd >= 0); /* of any length: the caller says what is wrong with it */
		assert_int_equal(buf[row[i].room], '.');
		close(fd);
		close_pair(pair);
	}
	close(null);
}

static void test_nothing_there(void **state)
{
	char buf[8];
	int pair[2], fd = 99;

	(void)state;
	make_pair(pair);
	assert_int_equal(damp_carry_receive(pair[1], buf, sizeof(buf), &fd, MSG_DONTWAIT), -EAGAIN);
	assert_int_equal(fd, -1);
	close(pair[0]);
	assert_int_equal(damp_carry_receive(pair[1], buf, sizeof(buf), &fd, 0), 0);
	assert_int_equal(fd, -1);
	/* Nobody there: an error, no signal (its default would end this test). */
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(damp_carry_send(pair[1], "x", 1, -1, 0), -EPIPE);
	close(pair[1]);
	assert_int_equal(damp_carry_send(-1, "x", 1, -1, 0), -EBADF);
	assert_int_equal(damp_carry_receive(-1, buf, sizeof(buf), &fd, 0), -EBADF);
}

static void test_no_such_descriptor(void **state)
{
	char buf[8];
	int pair[2], fd = 99;

	(void)state;
	make_pair(pair);
	assert_int_equal(damp_carry_send(pair[0], "x", 1, 1000, 0), -EBADF);
	assert_int_equal(damp_carry_receive(pair[1], buf, sizeof(buf), &fd, MSG_DONTWAIT), -EAGAIN);
	close_pair(pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_goes_along),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_no_such_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
