/* SPDX-License-Identifier: BSD-3-Clause */
/* Mapped files of the data plane; see mapfile.h. */
#include "mapfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int damp_mapfile_init(struct damp_mapfile *m, const char *dir, const char *name)
{
	int n;

	memset(m, 0, sizeof(*m));
	n = snprintf(m->path, sizeof(m->path), "%s/%s", dir, name);
	return n < 0 || (size_t)n >= sizeof(m->path) ? -ENAMETOOLONG : 0;
}

void damp_mapfile_close(struct damp_mapfile *m)
{
	if (m->base != NULL)
		munmap((void *)m->base, m->len);
	m->base = NULL;
	m->len = 0;
}

static int map(struct damp_mapfile *m, int fd, size_t min_len)
{
	struct stat st;
	void *base;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size < 0 || (uint64_t)st.st_size < min_len)
		return -EMSGSIZE;
	base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return -errno;
	m->base = base;
	m->len = (size_t)st.st_size;
	m->dev = st.st_dev;
	m->ino = st.st_ino;
	return 0;
}

int damp_mapfile_refresh(struct damp_mapfile *m, size_t min_len)
{
	struct stat st;
	int fd, err;

	if (m->base != NULL && stat(m->path, &st) == 0 && st.st_dev == m->dev &&
	    st.st_ino == m->ino && (uint64_t)st.st_size >= m->len)
		return 0;
	damp_mapfile_close(m);
	fd = open(m->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	err = map(m, fd, min_len);
	close(fd);
	return err;
}
