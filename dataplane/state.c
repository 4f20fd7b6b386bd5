/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files of the state directory; see state.h.
 */
#include "state.h"

#include "config.h"
#include "say.h"
#include "wire/sealed.h"

#include <damper/wire.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

int damp_random(void *out, size_t len)
{
	size_t done = 0;

	while (done < len) {
		const ssize_t n = getrandom((char *)out + done, len - done, 0);

		if (n < 0 && errno != EINTR) {
			damp_say("the kernel gives no random numbers: %s", strerror(errno));
			return -1;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int damp_make_dir(const char *path, unsigned mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (stat(path, &st) != 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

static int sync_dir(const char *dir)
{
	const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -errno;
	rc = fsync(fd) == 0 ? 0 : -errno;
	close(fd);
	return rc;
}

static int write_aside(const char *path, const void *data, size_t len, unsigned mode)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	int rc;

	if (fd < 0)
		return -errno;
	rc = damp_write_whole(fd, data, len);
	if (rc == 0 && fsync(fd) != 0)
		rc = -errno;
	close(fd);
	if (rc != 0)
		unlink(path);
	return rc;
}

/* dir/name becomes data, atomically. Returns 0 or a negative errno. */
static int replace(const char *dir, const char *name, const void *data, size_t len, unsigned mode)
{
	char path[DAMP_PATH_MAX + 32], aside[DAMP_PATH_MAX + 40];
	int rc;

	if (damp_path_join(path, sizeof(path), dir, name) != 0)
		return -ENAMETOOLONG;
	snprintf(aside, sizeof(aside), "%s.new", path);
	rc = write_aside(aside, data, len, mode);
	if (rc != 0)
		return rc;
	if (rename(aside, path) != 0) {
		rc = -errno;
		unlink(aside);
		return rc;
	}
	return sync_dir(dir);
}

/* Returns 0, -ENOENT when there is none yet, or another negative errno. */
static int read_secret(const char *path, struct damp_key *out)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	int rc;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0)
		rc = -errno;
	else if (st.st_size != sizeof(*out))
		rc = -EINVAL;
	else
		rc = damp_read_whole(fd, out, sizeof(*out));
	if (rc == 0 && (st.st_mode & 077) != 0)
		damp_say("%s can be read by others (mode %04o); chmod 0600 it, or delete it for a new "
			 "one", path, (unsigned)st.st_mode & 07777);
	close(fd);
	return rc;
}

int damp_state_secret(const char *dir, struct damp_key *out)
{
	char path[DAMP_PATH_MAX + 32];
	int rc = damp_make_dir(dir, 0750);

	if (rc == 0 && damp_path_join(path, sizeof(path), dir, DAMP_SECRET_FILE) != 0)
		rc = -ENAMETOOLONG;
	if (rc == 0)
		rc = read_secret(path, out);
	if (rc == 0)
		return 0;
	if (damp_random(out, sizeof(*out)) != 0)
		return -1;
	if (rc == -ENOENT)
		rc = replace(dir, DAMP_SECRET_FILE, out, sizeof(*out), 0600);
	if (rc != 0)
		damp_say("%s/%s: %s; proofs end with this run", dir, DAMP_SECRET_FILE,
			 rc == -EINVAL ? "is not 16 bytes long" : strerror(-rc));
	return 0;
}

int damp_state_replace(const char *dir, const char *name, const void *data, size_t len)
{
	return replace(dir, name, data, len, 0640);
}

int damp_state_save(const char *dir, const void *block, size_t len, char *err, size_t errlen)
{
	const int rc = replace(dir, DAMP_PROGRAM_FILE, block, len, 0640);

	if (rc == 0)
		return 0;
	snprintf(err, errlen, "%s/%s: %s", dir, DAMP_PROGRAM_FILE, strerror(-rc));
	return -1;
}

/* Digits and a newline, nothing else. */
static bool parse_time(const char *text, uint64_t *out)
{
	const char *p = text;

	for (*out = 0; *p >= '0' && *p <= '9'; p++)
		*out = *out * 10 + (uint64_t)(*p - '0');
	return p > text && strcmp(p, "\n") == 0;
}

uint64_t damp_state_time(const char *dir)
{
	char path[DAMP_PATH_MAX + 32], text[16];
	uint64_t kept = 0;
	ssize_t n;
	int fd;

	if (damp_path_join(path, sizeof(path), dir, DAMP_TIME_FILE) != 0)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (parse_time(text, &kept))
		return kept;
	damp_say("%s holds no time: what ended before this start is not known", path);
	return 0;
}

int damp_state_keep_time(const char *dir, uint64_t unix_s)
{
	char text[24];
	const int n = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)unix_s);
	const int rc = replace(dir, DAMP_TIME_FILE, text, (size_t)n, 0640);

	if (rc != 0)
		damp_say("%s/%s: %s; the latest time proven is not kept", dir, DAMP_TIME_FILE, strerror(-rc));
	return rc == 0 ? 0 : -1;
}

static void *read_program(int fd, size_t *len, char *err, size_t errlen)
{
	struct stat st;
	void *block;
	int rc;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    st.st_size > DAMP_PROGRAM_MAX_BYTES) {
		snprintf(err, errlen, "not a file of 1 to %u bytes", DAMP_PROGRAM_MAX_BYTES);
		return NULL;
	}
	*len = (size_t)st.st_size;
	block = malloc(*len);
	rc = block != NULL ? damp_read_whole(fd, block, *len) : -ENOMEM;
	if (rc == 0)
		return block;
	snprintf(err, errlen, "%s", strerror(-rc));
	free(block);
	return NULL;
}

void *damp_state_load(const char *dir, size_t *len, char *err, size_t errlen)
{
	char path[DAMP_PATH_MAX + 32];
	void *block;
	int fd;

	err[0] = '\0';
	if (damp_path_join(path, sizeof(path), dir, DAMP_PROGRAM_FILE) != 0)
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		if (errno != ENOENT)
			snprintf(err, errlen, "%s", strerror(errno));
		return NULL;
	}
	block = read_program(fd, len, err, errlen);
	close(fd);
	return block;
}
