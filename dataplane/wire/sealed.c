/* SPDX-License-Identifier: BSD-3-Clause */
/* See sealed.h. */
#include "sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS_NEEDED (F_SEAL_WRITE | F_SEAL_SHRINK)
#define SEALS_GIVEN (SEALS_NEEDED | F_SEAL_GROW | F_SEAL_SEAL)

int damp_read_whole(int fd, void *out, size_t len)
{
	size_t done = 0;

	while (done < len) {
		const ssize_t n = pread(fd, (char *)out + done, len - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		done += (size_t)n;
	}
	return 0;
}

int damp_write_whole(int fd, const void *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		const ssize_t n = write(fd, (const char *)data + done, len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int damp_sealed_open(const char *name)
{
	return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

int damp_seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, SEALS_GIVEN) == 0 ? 0 : -errno;
}

int damp_sealed_new(const char *name, const void *data, size_t len)
{
	const int fd = damp_sealed_open(name);
	int err;

	if (fd < 0)
		return -1;
	err = damp_write_whole(fd, data, len);
	if (err == 0)
		err = damp_seal(fd);
	if (err == 0)
		return fd;
	close(fd);
	errno = -err;
	return -1;
}

void *damp_sealed_read(int fd, size_t most, size_t *len)
{
	const int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *block;

	errno = EINVAL;
	if (seals < 0 || (seals & SEALS_NEEDED) != SEALS_NEEDED)
		return NULL;
	errno = EFBIG;
	if (fstat(fd, &st) != 0 || st.st_size <= 0 || (size_t)st.st_size > most)
		return NULL;
	*len = (size_t)st.st_size;
	block = malloc(*len);
	if (block != NULL && damp_read_whole(fd, block, *len) == 0)
		return block;
	free(block);
	errno = ENOMEM;
	return NULL;
}
