/* SPDX-License-Identifier: BSD-3-Clause */
/* See tmpdir.h. */
#define _GNU_SOURCE
#include "tmpdir.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(99);
}

void tmpdir_make(char *out, size_t len)
{
	const char *base = getenv("TMPDIR");

	snprintf(out, len, "%s/dampertest.XXXXXX", base != NULL ? base : "/tmp");
	if (mkdtemp(out) == NULL)
		die(out);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	if (remove(path))
		die(path);
	return 0;
}

void tmpdir_remove(const char *dir)
{
	if (nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS))
		die(dir);
}

void *tmpdir_map(const char *dir, const char *name, size_t len)
{
	char path[512];
	void *base;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || ftruncate(fd, (off_t)len))
		die(path);
	base = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		die(path);
	close(fd);
	return base;
}
