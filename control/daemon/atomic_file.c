/* SPDX-License-Identifier: BSD-3-Clause */
/* See atomic_file.h. */
#include "atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_LEN 512

static int path_of(char out[PATH_LEN], const char *dir, const char *before, const char *name,
		   const char *behind)
{
	const int n = snprintf(out, PATH_LEN, "%s/%s%s%s", dir, before, name, behind);

	return n > 0 && n < PATH_LEN ? 0 : -ENAMETOOLONG;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		const ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) ? -errno : 0;
}

static int write_aside(const char *path, const void *data, size_t len)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	int err;

	if (fd < 0)
		return -errno;
	err = write_all(fd, data, len);
	if (close(fd) && err == 0)
		err = -errno;
	return err;
}

static int sync_dir(const char *dir)
{
	const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = fsync(fd) ? -errno : 0;
	close(fd);
	return err;
}

int damp_atomic_replace(const char *dir, const char *name, const void *data, size_t len)
{
	char path[PATH_LEN], aside[PATH_LEN];
	int err = path_of(path, dir, "", name, "");

	if (err == 0)
		err = path_of(aside, dir, ".", name, ".new");
	if (err)
		return err;
	err = write_aside(aside, data, len);
	if (err == 0 && rename(aside, path))
		err = -errno;
	if (err)
		unlink(aside);
	return err ? err : sync_dir(dir);
}

int damp_atomic_remove(const char *dir, const char *name)
{
	char path[PATH_LEN];
	const int err = path_of(path, dir, "", name, "");

	if (err)
		return err;
	if (unlink(path))
		return errno == ENOENT ? 0 : -errno;
	return sync_dir(dir);
}

static char *read_fd(int fd, size_t max, size_t *len)
{
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st))
		return NULL;
	if (!S_ISREG(st.st_mode) || (size_t)st.st_size > max) {
		errno = EFBIG;
		return NULL;
	}
	text = malloc((size_t)st.st_size + 1);
	for (*len = 0; text != NULL && *len < (size_t)st.st_size; *len += (size_t)n) {
		n = read(fd, text + *len, (size_t)st.st_size - *len);
		if (n <= 0) {
			free(text);
			errno = EIO;
			return NULL;
		}
	}
	if (text != NULL)
		text[*len] = '\0';
	return text;
}

char *damp_atomic_read(const char *dir, const char *name, size_t max, size_t *len)
{
	char path[PATH_LEN], *text;
	int fd, saved;

	if (path_of(path, dir, "", name, "")) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return NULL;
	text = read_fd(fd, max, len);
	saved = errno;
	close(fd);
	errno = saved;
	return text;
}
