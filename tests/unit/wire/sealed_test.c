/* SPDX-License-Identifier: BSD-3-Clause */
/* Sealed memory: nobody changes it, and nothing else is taken for it. */
#include "dataplane/wire/sealed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static void test_round_trip(void **state)
{
	const int fd = damp_sealed_new("test", "program", 7);
	size_t len = 0;
	char *data;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_int_equal(ftruncate(fd, 100), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1); /* for good */
	for (unsigned twice = 0; twice < 2; twice++) { /* wherever its position is */
		data = damp_sealed_read(fd, 7, &len);
		assert_non_null(data);
		assert_int_equal(len, 7);
		assert_memory_equal(data, "program", 7);
		free(data);
	}
	assert_null(damp_sealed_read(fd, 6, &len));
	assert_int_equal(errno, EFBIG);
	close(fd);
}

static void test_refused(void **state)
{
	static const struct { const char *name; int seals, error; } row[] = {
		{ "not sealed", 0, EINVAL },
		{ "can still shrink", F_SEAL_WRITE, EINVAL },
		{ "can still be written", F_SEAL_SHRINK | F_SEAL_GROW, EINVAL },
		{ "empty", F_SEAL_WRITE | F_SEAL_SHRINK, EFBIG },
	};
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const int fd = damp_sealed_open("test");

		if (row[i].error != EFBIG)
			assert_int_equal(damp_write_whole(fd, "x", 1), 0);
		assert_int_equal(fcntl(fd, F_ADD_SEALS, row[i].seals), 0);
		errno = 0;
		if (damp_sealed_read(fd, 10, &len) != NULL || errno != row[i].error)
			fail_msg("%s: errno %d", row[i].name, errno);
		close(fd);
	}
	errno = 0;
	assert_null(damp_sealed_read(-1, 10, &len));
	assert_int_equal(errno, EINVAL);
}

static void test_seal_needs_a_memfd(void **state)
{
	const int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	char c;

	(void)state;
	assert_int_equal(damp_seal(fd), -EINVAL);
	assert_int_equal(damp_read_whole(fd, &c, 1), -EIO); /* ends too soon */
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_seal_needs_a_memfd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
